//! What is stored is there afterwards.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use headwater_core::storage::{Change, StorageClient, StorageError};
use proptest::prelude::*;

use crate::support::{client, start, stored, try_client};

fn all(client: &dyn StorageClient) -> BTreeMap<String, Vec<u8>> {
    let keys = client.keys().unwrap();
    keys.into_iter()
        .map(|key| {
            let value = client.get(&key).unwrap().unwrap().to_vec();
            (key, value)
        })
        .collect()
}

fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|e| e == "store"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[tokio::test]
async fn values_survive_and_deleted_keys_stay_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let first = client(folder.path(), "").await;
    first.set("a", b"1").unwrap();
    first.set("b", b"2").unwrap();
    first
        .batch(&[
            Change::Delete("a"),
            Change::Set("c", b""),
            Change::Set("b", b"3"),
        ])
        .unwrap();
    first.delete("never there").unwrap();
    assert_eq!(first.get("a").unwrap(), None);
    drop(first);
    let again = client(folder.path(), "fsync: true").await;
    let expected = BTreeMap::from([
        ("b".to_owned(), b"3".to_vec()),
        ("c".to_owned(), Vec::new()),
    ]);
    assert_eq!(all(&*again), expected);
}

#[tokio::test]
async fn a_folder_is_made_with_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    let keys = "create_directory: true\ndirectory_permissions: '0700'";
    client(&inner, keys).await.set("a", b"1").unwrap();
    let mode = fs::metadata(&inner).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn each_client_has_a_place_of_its_own_and_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let extension = start(folder.path(), "").await;
    let storage = extension.storage().unwrap();
    let one = try_client(&*storage, "").unwrap();
    let two = try_client(&*storage, "logs").unwrap();
    one.set("k", b"one").unwrap();
    assert_eq!(two.get("k").unwrap(), None);
    let taken = try_client(&*storage, "logs").err().unwrap();
    assert!(matches!(taken, StorageError::InUseHere(_)), "{taken}");
    drop(two);
    assert!(try_client(&*storage, "logs").is_ok());
}

#[tokio::test]
async fn files_stay_small_however_often_a_key_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = client(folder.path(), "").await;
    store.set("kept from the beginning", b"value").unwrap();
    for number in 0..4_000_u32 {
        store.set("counter", &[number as u8; 5_000]).unwrap();
    }
    assert!(stored(folder.path()) < 3 << 20, "{}", stored(folder.path()));
    drop(store);
    let again = client(folder.path(), "compaction: {on_start: true}").await;
    assert!(stored(folder.path()) < 6_000, "{}", stored(folder.path()));
    let values = all(&*again);
    assert_eq!(values["kept from the beginning"], b"value");
    assert_eq!(values["counter"], vec![3_999_u32 as u8; 5_000]);
}

#[tokio::test]
async fn a_write_that_was_torn_takes_nothing_else_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = client(folder.path(), "").await;
    store.set("a", b"1").unwrap();
    let before = stored(folder.path());
    store.set("b", &[7; 100]).unwrap();
    let after = stored(folder.path());
    drop(store);
    let file = only_file(folder.path());
    let bytes = fs::read(&file).unwrap();
    for length in before..after {
        fs::write(&file, &bytes[..length as usize]).unwrap();
        let store = client(folder.path(), "").await;
        assert_eq!(store.keys().unwrap(), ["a"], "{length}");
        store.set("c", b"3").unwrap();
        drop(store);
        let store = client(folder.path(), "").await;
        assert_eq!(all(&*store).len(), 2, "{length}");
    }
}

#[tokio::test]
async fn damage_in_the_middle_costs_only_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let store = client(folder.path(), "").await;
    store.set("a", b"1").unwrap();
    let begin = stored(folder.path());
    store.set("b", &[7; 1000]).unwrap();
    store.set("c", b"3").unwrap();
    drop(store);
    let file = only_file(folder.path());
    let handle = OpenOptions::new().write(true).open(&file).unwrap();
    handle.write_all_at(&[0xff; 300], begin).unwrap();
    drop(handle);
    let store = client(folder.path(), "recreate: true").await;
    let expected = BTreeMap::from([
        ("a".to_owned(), b"1".to_vec()),
        ("c".to_owned(), b"3".to_vec()),
    ]);
    assert_eq!(all(&*store), expected);
    let backup = file.with_added_extension("backup");
    assert!(fs::metadata(backup).is_ok());
    store.set("d", b"4").unwrap();
    drop(store);
    assert_eq!(all(&*client(folder.path(), "").await).len(), 3);
}

#[tokio::test]
async fn a_file_of_junk_is_no_reason_to_fail() {
    let folder = tempfile::tempdir().unwrap();
    client(folder.path(), "").await.set("a", b"1").unwrap();
    let file = only_file(folder.path());
    let mut handle = OpenOptions::new().append(true).open(&file).unwrap();
    // What looks like a frame of a gigabyte.
    handle
        .write_all(b"\xf5HW\xfa\xff\xff\xff\x3fjunk and no end")
        .unwrap();
    assert_eq!(all(&*client(folder.path(), "").await).len(), 1);
    fs::write(&file, b"something else altogether").unwrap();
    let store = client(folder.path(), "").await;
    assert!(store.keys().unwrap().is_empty());
    store.set("b", b"2").unwrap();
    drop(store);
    assert_eq!(client(folder.path(), "").await.keys().unwrap(), ["b"]);
}

#[derive(Debug, Clone)]
enum Step {
    Set(u8, Vec<u8>),
    Delete(u8),
    Reopen,
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..20, prop::collection::vec(any::<u8>(), 0..60_000)).prop_map(|(k, v)| Step::Set(k, v)),
        3 => (0_u8..20).prop_map(Step::Delete),
        1 => Just(Step::Reopen),
        1 => Just(Step::Compact),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn it_always_holds_what_a_map_would(steps in prop::collection::vec(step(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let open = |keys: &str| runtime.block_on(client(folder.path(), keys));
        let mut store = open("");
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Set(key, value) => {
                    store.set(&key.to_string(), &value).unwrap();
                    model.insert(key.to_string(), value);
                }
                Step::Delete(key) => {
                    store.delete(&key.to_string()).unwrap();
                    model.remove(&key.to_string());
                }
                Step::Reopen => {
                    drop(store);
                    store = open("");
                    prop_assert_eq!(&all(&*store), &model);
                }
                Step::Compact => {
                    drop(store);
                    store = open("compaction: {on_start: true}");
                    prop_assert_eq!(&all(&*store), &model);
                }
            }
            prop_assert_eq!(store.keys().unwrap().len(), model.len());
        }
        prop_assert_eq!(all(&*store), model);
    }
}
