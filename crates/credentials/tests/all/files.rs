//! Watched files. The clock is paused: a look is due when the test says so.

use std::fs;
use std::path::PathBuf;

use headwater_credentials::{LOOK_INTERVAL, Secret, Watched};
use tempfile::TempDir;

struct Setup {
    _folder: TempDir,
    path: PathBuf,
}

impl Setup {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, text).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn secret(&self) -> Secret {
        let path = self.path.to_str().unwrap();
        Secret::open("token", "inline", path, &tracing::Span::none()).unwrap()
    }
}

async fn due() {
    tokio::time::advance(LOOK_INTERVAL).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_is_seen_when_a_look_is_due_and_not_before() {
    let setup = Setup::new(" one\n");
    let secret = setup.secret();
    assert_eq!(*secret.get(), "one");
    // As long as the old one.
    fs::write(&setup.path, " two\n").unwrap();
    assert_eq!(*secret.get(), "one");
    due().await;
    assert_eq!(*secret.get(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_vanishes_or_is_emptied_keeps_its_last_good_content_until_it_is_back() {
    let setup = Setup::new("one");
    let secret = setup.secret();
    fs::remove_file(&setup.path).unwrap();
    due().await;
    assert_eq!(*secret.get(), "one");
    fs::write(&setup.path, " \n").unwrap();
    due().await;
    assert_eq!(*secret.get(), "one");
    let other = setup.path.with_extension("new");
    fs::write(&other, "three").unwrap();
    fs::rename(&other, &setup.path).unwrap();
    due().await;
    assert_eq!(*secret.get(), "three");
}

#[test]
fn what_is_missing_or_too_long_at_the_start_is_an_error_that_names_the_file() {
    let setup = Setup::new("");
    let span = tracing::Span::none();
    let path = setup.path.to_str().unwrap();
    let empty = Secret::open("password", "", path, &span).unwrap_err();
    assert!(empty.to_string().contains("the file is empty"), "{empty}");
    fs::write(path, vec![b'x'; (16 << 20) + 1]).unwrap();
    let long = Secret::open("password", "", path, &span).unwrap_err();
    assert!(long.to_string().contains("longer than"), "{long}");
    fs::remove_file(path).unwrap();
    let missing = Secret::open("password", "", path, &span).unwrap_err();
    let text = missing.to_string();
    assert!(
        text.contains(path) && text.contains("is the secret or volume mounted there"),
        "{text}"
    );
}

#[test]
fn neither_debug_nor_an_error_shows_what_a_file_holds() {
    let setup = Setup::new("hunter2");
    assert!(!format!("{:?}", setup.secret()).contains("hunter2"));
    let inline = Secret::open("token", "hunter2", "", &tracing::Span::none()).unwrap();
    assert!(!format!("{inline:?}").contains("hunter2"));
    let path = setup.path.to_str().unwrap();
    let failed = Watched::<()>::open("token", path, &tracing::Span::none(), |_| {
        Err("it is odd".to_owned())
    });
    assert!(!failed.unwrap_err().to_string().contains("hunter2"));
}
