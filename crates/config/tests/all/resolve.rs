//! URIs, `--set` and what they add up to.

use headwater_config::{Fetch, Resolved, Resolver};
use headwater_core::config::Code;

fn shown(resolver: &Resolver<'_>) -> String {
    let resolved = resolver.resolve();
    assert!(
        resolved.diagnostics.is_empty(),
        "{:?}",
        resolved.diagnostics
    );
    resolved.root.to_string()
}

fn codes(resolved: &Resolved) -> Vec<Code> {
    resolved.diagnostics.iter().map(|item| item.code).collect()
}

fn testdata(name: &str) -> String {
    format!("{}/tests/testdata/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn later_uris_change_earlier_ones_and_set_comes_last() {
    let resolver = Resolver::new()
        .set("b.c=set")
        .uri("yaml:{a: 1, b: {c: 1, d: 1}}")
        .uri("yaml:b::c: 2");
    assert_eq!(shown(&resolver), "{a: 1, b: {c: set, d: 1}}");
}

#[test]
fn a_set_is_a_path_and_yaml() {
    for (set, result) in [
        ("a.b=1", "{a: {b: 1}}"),
        (" a.b = [{key: x}] ", "{a: {b: [{key: x}]}}"),
        ("a=", "{a: null}"),
        ("a=b=c", "{a: b=c}"),
        ("a/b.c=5s", "{a/b: {c: 5s}}"),
        ("a::b=true", "{a: {b: true}}"),
    ] {
        assert_eq!(shown(&Resolver::new().set(set)), result, "{set}");
    }
    let resolved = Resolver::new().set("a.b:c").resolve();
    assert_eq!(codes(&resolved), [Code::SET_WITHOUT_EQUALS]);
    let resolved = Resolver::new().set("a=[1").set("b=1").resolve();
    assert_eq!(codes(&resolved), [Code::YAML_SYNTAX]);
    assert_eq!(
        resolved.root.to_string(),
        "{b: 1}",
        "the others still count"
    );
}

#[test]
fn files_are_yaml_or_by_their_name_toml() {
    let yaml = testdata("minimal.yaml");
    let toml = testdata("minimal.toml");
    let from_yaml = shown(&Resolver::new().uri(&yaml));
    assert_eq!(from_yaml, shown(&Resolver::new().uri(&toml)));
    assert_eq!(
        from_yaml,
        shown(&Resolver::new().uri(format!("file:{yaml}")))
    );

    let resolved = Resolver::new().uri(&toml).resolve();
    let value = resolved
        .root
        .lookup("exporters::otlp_grpc::timeout")
        .unwrap();
    let origin = value.origin.to_string();
    assert!(origin.ends_with("minimal.toml:8:11"), "{origin}");
}

#[test]
fn toml_has_every_kind_of_value() {
    let directory = tempfile();
    let path = directory.join("c.toml");
    std::fs::write(
        &path,
        "b = true\ni = -1\nh = 0xff\nbig = 1_000\nf = 1.5\nd = 2001-01-01\n\"x::y\" = 'z'\n\
         l = [1, {m = 2}]\n[t.u]\nv = \"w\"\n[[a]]\nn = 1\n[[a]]\nn = 2\n",
    )
    .unwrap();
    assert_eq!(
        shown(&Resolver::new().uri(path.to_str().unwrap())),
        "{b: true, i: -1, h: 255, big: 1000, f: 1.5, d: 2001-01-01, x: {y: z}, \
         l: [1, {m: 2}], t: {u: {v: w}}, a: [{n: 1}, {n: 2}]}"
    );
    std::fs::write(&path, "a = \nb = [1\nc = 1\nc = 2\n").unwrap();
    let resolved = Resolver::new().uri(path.to_str().unwrap()).resolve();
    let codes = codes(&resolved);
    assert!(
        codes.len() > 1 && codes.iter().all(|code| *code == Code::TOML_SYNTAX),
        "{codes:?}"
    );
}

#[test]
fn a_whole_configuration_can_be_in_a_variable() {
    let environment = |name: &str| (name == "CONFIG").then(|| "a: {b: 1}\nc: 2".to_owned());
    let resolved = Resolver::new()
        .environment(environment)
        .uri("env:CONFIG")
        .resolve();
    assert_eq!(resolved.root.to_string(), "{a: {b: 1}, c: 2}");
    assert_eq!(
        resolved.root.lookup("c").unwrap().origin.to_string(),
        "env:CONFIG:2:4"
    );

    let resolved = Resolver::new()
        .environment(environment)
        .uri("env:NOTHING")
        .resolve();
    assert_eq!(codes(&resolved), [Code::ENV_NOT_SET]);
    assert_eq!(resolved.root.to_string(), "{}");
    let resolved = Resolver::new()
        .environment(environment)
        .uri("env:A.B")
        .resolve();
    assert_eq!(codes(&resolved), [Code::INVALID_ENV_NAME]);
}

struct Fixed(&'static str, Result<&'static str, &'static str>);

impl Fetch for Fixed {
    fn fetch(&self, url: &str) -> Result<String, String> {
        assert_eq!(url, self.0);
        self.1.map(str::to_owned).map_err(str::to_owned)
    }
}

#[test]
fn documents_are_fetched_by_who_can() {
    let url = "https://user:pw@host/c.yaml?token=t";
    let resolved = Resolver::new()
        .fetcher(Fixed(url, Ok("a: 1")))
        .uri(url)
        .resolve();
    let origin = resolved.root.lookup("a").unwrap().origin.to_string();
    assert_eq!(
        origin, "https://host/c.yaml:1:4",
        "without what may be secret"
    );

    let failed = Resolver::new()
        .fetcher(Fixed(url, Err("it is down")))
        .uri(url)
        .resolve();
    let messages: Vec<_> = failed
        .diagnostics
        .iter()
        .map(|item| (item.code, item.message.as_str()))
        .collect();
    assert_eq!(
        messages,
        [(
            Code::CANNOT_FETCH,
            "cannot fetch https://host/c.yaml: it is down"
        )]
    );
    let toml = "http://host/c.toml";
    let resolver = Resolver::new().fetcher(Fixed(toml, Ok("a = 1"))).uri(toml);
    assert_eq!(shown(&resolver), "{a: 1}");
}

#[test]
fn what_cannot_be_read_is_reported_and_the_rest_is_read() {
    let resolved = Resolver::new()
        .uri("/nonexistent/a.yaml")
        .uri("s3:bucket")
        .uri("a b:c")
        .uri("yaml:[1, 2]")
        .uri("yaml:key:value")
        .uri("yaml:")
        .uri("yaml:a: 1")
        .resolve();
    assert_eq!(
        codes(&resolved),
        [
            Code::CANNOT_READ,
            Code::UNKNOWN_SCHEME,
            Code::UNKNOWN_SCHEME,
            Code::NOT_A_MAP,
            Code::NOT_A_MAP
        ]
    );
    assert_eq!(resolved.root.to_string(), "{a: 1}");
}

#[test]
fn a_later_null_erases_and_an_empty_map_does_not() {
    let erased = Resolver::new()
        .uri("yaml:{p: {batch: {}}, r: 1}")
        .uri("yaml:p:");
    assert_eq!(shown(&erased), "{p: null, r: 1}");
    let kept = Resolver::new()
        .uri("yaml:{p: {batch: {}}, r: 1}")
        .uri("yaml:p: {}");
    assert_eq!(shown(&kept), "{p: {batch: {}}, r: 1}");
}

#[test]
fn each_value_keeps_the_place_of_the_last_that_said_it() {
    let resolved = Resolver::new()
        .environment(|_| Some("7".to_owned()))
        .uri("yaml:a: 1\nb: 1\nc: 1\nd: ${env:D}\n")
        .uri("yaml:\nb: 2\n")
        .set("c=3")
        .resolve();
    let origin = |path: &str| resolved.root.lookup(path).unwrap().origin.to_string();
    assert_eq!(origin("a"), "yaml:1:4");
    assert_eq!(origin("b"), "yaml:2:4");
    assert_eq!(origin("c"), "--set c");
    assert_eq!(origin("d"), "env:D (yaml:4:4)");
}

/// A folder of its own, gone with the build.
fn tempfile() -> std::path::PathBuf {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("toml");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}
