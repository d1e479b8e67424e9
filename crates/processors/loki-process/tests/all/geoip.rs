//! What the stage `geoip` finds, in databases that are written here. Source of the expectations:
//! Alloy's reference of `stage.geoip`, checked against its source.

use std::error::Error as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_processor_loki_process::{Config, factory};
use headwater_testkit::{Recorder, environment};
use tempfile::TempDir;

use crate::mmdb::{Data, database};
use crate::support::{Pairs, run_line};

/// A database in a folder of its own.
struct Db {
    _folder: TempDir,
    path: PathBuf,
}

impl Db {
    fn new(content: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.mmdb");
        fs::write(&path, content).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn of(version: u16, networks: &[(&str, Data)]) -> Self {
        Self::new(&database(version, networks))
    }

    /// What the stage with these arguments extracts for an address: everything that becomes
    /// structured metadata, so nothing can be extracted unseen.
    async fn find(&self, arguments: &str, address: &str) -> Pairs {
        let path = self.path.display();
        let stages = format!(
            "[{{regex: {{expression: '(?P<ip>.*)'}}}}, \
              {{geoip: {{db: '{path}', source: ip, {arguments}}}}}, \
              {{structured_metadata: {{regex: '.*'}}}}]"
        );
        let out = run_line(&stages, address).await;
        assert_eq!(out.line, address);
        let mut found = out.metadata;
        assert_eq!(found.remove("ip").as_deref(), Some(address));
        found.remove("app");
        found
    }
}

fn map(entries: &[(&'static str, Data)]) -> Data {
    Data::Map(entries.to_vec())
}

/// A place with its names in two languages.
fn place(code: (&'static str, &'static str), english: &'static str) -> Data {
    let names = map(&[
        ("de", Data::Text("auf Deutsch")),
        ("en", Data::Text(english)),
    ]);
    map(&[
        ("geoname_id", Data::Uint32(7)),
        (code.0, Data::Text(code.1)),
        ("names", names),
    ])
}

fn city() -> Data {
    map(&[
        ("city", place(("unused", ""), "Kansas City")),
        ("continent", place(("code", "NA"), "North America")),
        ("country", place(("iso_code", "US"), "United States")),
        (
            "location",
            map(&[
                ("accuracy_radius", Data::Uint16(1000)),
                ("latitude", Data::Double(39.1027)),
                ("longitude", Data::Double(-94.5778)),
                ("time_zone", Data::Text("America/Chicago")),
            ]),
        ),
        ("postal", map(&[("code", Data::Text("64184"))])),
        (
            "subdivisions",
            Data::List(vec![
                place(("iso_code", "XX"), "The larger one"),
                place(("iso_code", "MO"), "Missouri"),
            ]),
        ),
    ])
}

fn pairs(of: &[(&str, &str)]) -> Pairs {
    crate::support::pairs(of)
}

const COUNTRY: [(&str, &str); 4] = [
    ("geoip_continent_code", "NA"),
    ("geoip_continent_name", "North America"),
    ("geoip_country_code", "US"),
    ("geoip_country_name", "United States"),
];

#[tokio::test]
async fn a_database_of_cities_gives_place_and_country() {
    let db = Db::of(6, &[("34.120.0.0/16", city()), ("2001:db8::/32", city())]);
    let mut expected = pairs(&COUNTRY);
    expected.extend(pairs(&[
        ("geoip_city_name", "Kansas City"),
        ("geoip_location_latitude", "39.1027"),
        ("geoip_location_longitude", "-94.5778"),
        ("geoip_postal_code", "64184"),
        ("geoip_subdivision_code", "MO"),
        ("geoip_subdivision_name", "Missouri"),
        ("geoip_timezone", "America/Chicago"),
    ]));
    for address in ["34.120.177.193", "::ffff:34.120.177.193", "2001:db8::1"] {
        assert_eq!(
            db.find("db_type: city", address).await,
            expected,
            "{address}"
        );
    }
    // The same database, asked for the country alone.
    let found = db.find("db_type: country", "34.120.177.193").await;
    assert_eq!(found, pairs(&COUNTRY));
    // Which looks at nothing else.
    let Data::Map(mut record) = city() else {
        unreachable!()
    };
    record.retain(|(name, _)| *name != "postal");
    record.push(("postal", Data::Text("64184")));
    let db = Db::of(4, &[("34.120.0.0/16", Data::Map(record))]);
    let found = db.find("db_type: country", "34.120.177.193").await;
    assert_eq!(found, pairs(&COUNTRY));
}

#[tokio::test]
async fn a_database_of_networks_gives_the_autonomous_system() {
    let record = map(&[
        ("autonomous_system_number", Data::Uint32(4_200_000_001)),
        (
            "autonomous_system_organization",
            Data::Text("GOOGLE-CLOUD-PLATFORM"),
        ),
    ]);
    let db = Db::of(4, &[("34.120.0.0/16", record)]);
    let expected = pairs(&[
        ("geoip_autonomous_system_number", "4200000001"),
        (
            "geoip_autonomous_system_organization",
            "GOOGLE-CLOUD-PLATFORM",
        ),
    ]);
    assert_eq!(db.find("db_type: asn", "34.120.177.193").await, expected);
    // A record of another kind has nothing that is asked for.
    assert_eq!(db.find("db_type: city", "34.120.177.193").await, pairs(&[]));
}

#[tokio::test]
async fn what_a_record_does_not_have_is_not_extracted() {
    let location = map(&[
        ("latitude", Data::Double(0.0)),
        ("longitude", Data::Double(9.5)),
    ]);
    let db = Db::of(
        4,
        &[
            ("192.0.2.0/25", map(&[("location", location)])),
            (
                "192.0.2.128/25",
                map(&[("country", map(&[("iso_code", Data::Text("US"))]))]),
            ),
        ],
    );
    let expected = pairs(&[
        ("geoip_location_latitude", "0"),
        ("geoip_location_longitude", "9.5"),
    ]);
    assert_eq!(db.find("db_type: city", "192.0.2.1").await, expected);
    let expected = pairs(&[("geoip_country_code", "US")]);
    assert_eq!(db.find("db_type: city", "192.0.2.200").await, expected);
}

/// As writers do that take the smallest type; Alloy's test files are such.
#[tokio::test]
async fn numbers_may_be_of_any_size() {
    let location = map(&[
        ("latitude", Data::Float(51.5)),
        ("longitude", Data::Double(-0.25)),
    ]);
    let record = map(&[
        ("autonomous_system_number", Data::Uint16(1337)),
        ("location", location),
    ]);
    let db = Db::of(4, &[("192.0.2.0/24", record)]);
    let expected = pairs(&[("geoip_autonomous_system_number", "1337")]);
    assert_eq!(db.find("db_type: asn", "192.0.2.1").await, expected);
    let expected = pairs(&[
        ("geoip_location_latitude", "51.5"),
        ("geoip_location_longitude", "-0.25"),
    ]);
    assert_eq!(db.find("db_type: city", "192.0.2.1").await, expected);
}

#[tokio::test]
async fn lines_without_a_known_address_pass_as_they_are() {
    let db = Db::of(4, &[("34.120.0.0/16", city())]);
    for address in [
        "34.121.0.1",
        "2001:db8::1",
        "localhost",
        "34.120.177.193:80",
        "34.120.177.0193",
        "fe80::1%eth0",
        "",
    ] {
        let found = db.find("db_type: city, custom_lookups: {a: city}", address);
        assert_eq!(found.await, pairs(&[]), "{address}");
    }
    // Nothing of the name `source`.
    let path = db.path.display();
    let stages = format!("[{{geoip: {{db: '{path}', source: ip, db_type: city}}}}]");
    assert_eq!(
        run_line(&stages, "34.120.177.193").await.line,
        "34.120.177.193"
    );
}

#[tokio::test]
async fn custom_lookups_find_what_expressions_say() {
    let company = map(&[
        ("DeptName", Data::Text("Sales")),
        ("Racks", Data::List(vec![Data::Uint16(4), Data::Uint16(17)])),
        ("Big", Data::Uint64(u64::MAX)),
        ("Below", Data::Int32(-3)),
        ("Share", Data::Float(1.1)),
        ("Managed", Data::Bool(true)),
    ]);
    let record = map(&[
        ("MyCompany", company),
        ("plain", Data::Text("p")),
        ("a-b", map(&[("c d", Data::Text("quoted"))])),
    ]);
    let db = Db::of(4, &[("10.0.0.0/8", record)]);
    for (lookup, expected) in [
        ("MyCompany.DeptName", Some("Sales")),
        ("MyCompany.Racks[1]", Some("17")),
        ("MyCompany.Racks[-2]", Some("4")),
        ("MyCompany.Racks", Some("[4,17]")),
        ("\"a-b\".\"c d\"", Some("quoted")),
        ("MyCompany.Big", Some("18446744073709551615")),
        ("MyCompany.Below", Some("-3")),
        ("MyCompany.Share", Some("1.1")),
        ("MyCompany.Managed", Some("true")),
        ("length(MyCompany.Racks)", Some("2")),
        ("MyCompany.Nothing", None),
        ("MyCompany.Racks[9]", None),
        ("abs(plain)", None),
    ] {
        let arguments = format!("custom_lookups: {{found: '{lookup}'}}");
        let found = db.find(&arguments, "10.1.2.3").await;
        let found = found.get("found").map(String::as_str);
        assert_eq!(found, expected, "{lookup}");
    }
    // Without an expression the name is one, and there may be a kind of database besides.
    let found = db.find("db_type: city, custom_lookups: {plain: }", "10.1.2.3");
    assert_eq!(found.await, pairs(&[("plain", "p")]));
    // Where there is no record, expressions see null.
    let lookup = "custom_lookups: {found: 'plain || `\"none\"`'}";
    let found = db.find(lookup, "192.0.2.1").await;
    assert_eq!(found, pairs(&[("found", "none")]));
}

#[tokio::test]
async fn records_that_cannot_be_read_let_lines_pass() {
    let mut deep = Data::Text("deep");
    for _ in 0..40 {
        deep = Data::List(vec![deep]);
    }
    let number = map(&[("country", map(&[("iso_code", Data::Uint16(1))]))]);
    let db = Db::of(
        4,
        &[
            ("10.0.0.0/8", map(&[("deep", deep)])),
            ("11.0.0.0/8", number),
            ("12.0.0.0/8", city()),
        ],
    );
    let arguments = "db_type: city, custom_lookups: {found: deep}";
    for address in ["10.0.0.1", "11.0.0.1"] {
        assert_eq!(db.find(arguments, address).await, pairs(&[]), "{address}");
    }
    // One record does not spoil the others.
    let found = db.find(arguments, "12.0.0.1").await;
    assert_eq!(found["geoip_country_code"], "US");
    // A database whose record is overwritten.
    let mut bytes = database(4, &[("12.0.0.0/8", city())]);
    let name = bytes
        .windows(6)
        .position(|bytes| bytes == b"Kansas")
        .unwrap();
    bytes[name - 40..name].fill(0xff);
    let db = Db::new(&bytes);
    assert_eq!(db.find(arguments, "12.0.0.1").await, pairs(&[]));
}

/// Why the processor is not built.
fn refused(db: &str) -> String {
    let yaml = format!("stages: [{{geoip: {{db: '{db}', source: ip, db_type: city}}}}]");
    let (config, _) = decode::<Config>(&yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let (id, pipeline) = ("loki_process".parse().unwrap(), "logs".parse().unwrap());
    let settings = environment().pipeline_settings(&id, &pipeline);
    let next = Arc::new(Recorder::new());
    let Err(error) = factory().build_processor(settings, &config, next) else {
        panic!("{db} was taken")
    };
    let cause = error.source().map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

#[test]
fn a_database_that_is_missing_or_none_is_refused_at_the_start() {
    let whole = database(4, &[("12.0.0.0/8", city())]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("empty.mmdb"), "").unwrap();
    fs::write(path("text.mmdb"), "no database").unwrap();
    fs::write(path("cut.mmdb"), &whole[..whole.len() / 2]).unwrap();
    for (name, cause) in [("missing.mmdb", "No such file"), ("", "it is no file")] {
        let error = refused(&path(name));
        assert!(error.contains("read the database"), "{error}");
        assert!(error.contains(cause), "{error}");
    }
    assert!(refused("/dev/zero").contains("it is no file"));
    for name in ["empty.mmdb", "text.mmdb", "cut.mmdb"] {
        let error = refused(&path(name));
        let expected = format!("{:?} is no database of MaxMind's format", path(name));
        assert!(error.contains(&expected), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_anew_by_the_next_start() {
    let country = |code| map(&[("country", map(&[("iso_code", Data::Text(code))]))]);
    let db = Db::of(4, &[("12.0.0.0/8", country("US"))]);
    let found = db.find("db_type: country", "12.0.0.1").await;
    assert_eq!(found, pairs(&[("geoip_country_code", "US")]));
    let next = db.path.with_extension("next");
    fs::write(&next, database(4, &[("12.0.0.0/8", country("CA"))])).unwrap();
    fs::rename(&next, &db.path).unwrap();
    let found = db.find("db_type: country", "12.0.0.1").await;
    assert_eq!(found, pairs(&[("geoip_country_code", "CA")]));
}
