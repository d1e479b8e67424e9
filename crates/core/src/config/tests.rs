//! The derive and the types it composes, without a parser: trees are made by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::ComponentId;

#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
#[config(removed(key = "reload", help = "it reloads by itself"))]
#[config(removed_error(key = "cipher", help = "write `ciphers`"))]
struct Tls {
    /// The file
    /// with the key.
    key_file: String,
    /// The key itself.
    key_pem: Opaque,
    #[config(alias = "verify", deprecated = "write `check`")]
    #[config(alias = "checks")]
    check: bool,
    #[config(ignored = "there is no session cache")]
    cache: u16,
    #[config(skip)]
    _state: (),
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            key_file: String::new(),
            key_pem: Opaque::default(),
            check: true,
            cache: 7,
            _state: (),
        }
    }
}

impl Tls {
    fn check(&self, validation: &mut Validation<'_>) {
        if !self.key_file.is_empty() && !self.key_pem.is_empty() {
            validation.error("key_pem", "either `key_file` or `key_pem`");
            validation.error("key_file", "either `key_pem` or `key_file`");
        }
        if self.cache == 13 {
            validation.error("cache", "13 brings bad luck");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Config)]
enum Mode {
    /// Slow.
    VerySafe,
    #[config(rename = "fast", alias = "")]
    Fast,
}

#[derive(Debug, Clone, Copy, PartialEq, Config)]
#[config(case_insensitive)]
enum Level {
    Info,
    #[config(alias = "warning", deprecated = "write `warn`")]
    Warn,
}

#[derive(Debug, Clone, Default, PartialEq, Config)]
struct Common {
    timeout: Duration,
    names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Config)]
struct Demo {
    endpoint: String,
    #[config(squash)]
    common: Common,
    tls: Optional<Tls>,
    queue: Optional<Common>,
    headers: NameValues,
    numbers: BTreeMap<String, i8>,
    sections: OrderedMap<Common>,
    level: Level,
    mode: Mode,
    ratio: f64,
    limit: Option<u32>,
    storage: Option<ComponentId>,
    anything: Node,
    #[config(secret)]
    token: String,
    r#type: String,
}

impl Default for Demo {
    fn default() -> Self {
        Self {
            endpoint: "localhost:1".to_owned(),
            common: Common {
                timeout: Duration::from_secs(5),
                names: vec!["a".to_owned()],
            },
            tls: Optional::None,
            queue: Optional::Default(Common {
                timeout: Duration::from_secs(9),
                names: Vec::new(),
            }),
            headers: NameValues::from_iter([("x", Opaque::new("default"))]),
            numbers: BTreeMap::new(),
            sections: OrderedMap::new(),
            level: Level::Info,
            mode: Mode::VerySafe,
            ratio: 0.5,
            limit: Some(3),
            storage: None,
            anything: Node::default(),
            token: String::new(),
            r#type: String::new(),
        }
    }
}

/// A map whose keys and values stand in a text of their own, one after the other.
fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let text: String = entries.iter().map(|(key, _)| format!("{key}\n")).collect();
    let source = Source::new(SourceKind::File, "t.yaml", text);
    let mut start = 0;
    let entries = entries.into_iter().map(|(key, node)| {
        let origin = Origin::text(&source, start, start + key.len());
        start += key.len() + 1;
        (Key::new(key, origin), node)
    });
    entries.collect::<Map>().into()
}

fn list<const N: usize>(items: [Node; N]) -> Node {
    Node::from(Vec::from(items))
}

fn expanded(value: impl Into<Node>, text: &str) -> Node {
    Node {
        expanded: Some(text.into()),
        ..value.into()
    }
}

fn unset() -> Node {
    Node {
        expanded: Some("".into()),
        ..Node::default()
    }
}

fn decode(node: &Node) -> (Option<Demo>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let demo = load("exporters::demo", &Origin::Default, node, &mut diagnostics);
    (demo, diagnostics)
}

fn good(node: &Node) -> Demo {
    let (demo, diagnostics) = decode(node);
    demo.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

/// Code, path and message of everything that was reported.
fn said(node: &Node) -> Vec<String> {
    let (_, diagnostics) = decode(node);
    diagnostics
        .iter()
        .map(|item| format!("{} {} {}", item.code, item.path, item.message))
        .collect()
}

#[test]
fn keys_that_are_not_given_keep_the_default() {
    assert_eq!(good(&Node::default()), Demo::default());
    assert_eq!(good(&map([])), Demo::default());
    for key in [
        "names", "tls", "headers", "numbers", "sections", "level", "limit", "anything",
    ] {
        let demo = good(&map([(key, Node::default())]));
        assert_eq!(
            demo,
            Demo::default(),
            "{key}: null keeps a default that is no scalar"
        );
    }
}

#[test]
fn null_is_the_zero_value_of_a_scalar_and_warned_about() {
    let node = map([
        ("endpoint", Node::default()),
        ("ratio", Node::default()),
        ("timeout", Node::default()),
        ("token", Node::default()),
    ]);
    let demo = good(&node);
    assert_eq!((demo.endpoint.as_str(), demo.ratio), ("", 0.0));
    assert_eq!(demo.common.timeout, Duration::ZERO);
    assert_eq!(
        said(&node),
        [
            "C0112 exporters::demo::endpoint null means \"\" here, not the default",
            "C0112 exporters::demo::ratio null means 0 here, not the default",
            "C0112 exporters::demo::timeout null means 0s here, not the default",
        ],
        "the default of the token is the zero value"
    );
}

#[test]
fn squashed_keys_stand_at_the_level_of_the_struct() {
    let demo = good(&map([
        ("timeout", "1s".into()),
        ("names", list(["b".into()])),
    ]));
    assert_eq!(demo.common.timeout, Duration::from_secs(1));
    assert_eq!(demo.common.names, ["b"]);
}

#[test]
fn unknown_keys_are_errors_at_every_level_with_the_nearest_name() {
    let node = map([
        ("endpont", "x".into()),
        (
            "tls",
            map([("key_fil", "x".into()), ("zzzzzz", 1_i64.into())]),
        ),
    ]);
    let (demo, diagnostics) = decode(&node);
    assert_eq!(demo, None);
    let labels: Vec<_> = diagnostics
        .iter()
        .map(|item| {
            let label = item.primary.as_ref().map(|label| label.text.as_str());
            (item.code, item.path.as_str(), label, item.help.as_deref())
        })
        .collect();
    let keys = "the keys here are: key_file, key_pem, check, cache, enabled";
    assert_eq!(
        labels,
        [
            (
                Code::UNKNOWN_FIELD,
                "exporters::demo::tls",
                Some("did you mean `key_file`?"),
                None
            ),
            (
                Code::UNKNOWN_FIELD,
                "exporters::demo::tls",
                Some(""),
                Some(keys)
            ),
            (
                Code::UNKNOWN_FIELD,
                "exporters::demo",
                Some("did you mean `endpoint`?"),
                None
            ),
        ]
    );
}

#[test]
fn types_are_strict_but_for_those_of_the_collector() {
    for (key, node, expected) in [
        (
            "endpoint",
            Node::from(123_i64),
            "expected a string, found integer `123`",
        ),
        (
            "endpoint",
            true.into(),
            "expected a string, found boolean `true`",
        ),
        ("limit", "5".into(), "expected an integer, found string `5`"),
        (
            "limit",
            (-1_i64).into(),
            "integer `-1` is outside 0..=4294967295",
        ),
        (
            "limit",
            u64::MAX.into(),
            "integer `18446744073709551615` is outside 0..=4294967295",
        ),
        (
            "ratio",
            "0.5".into(),
            "expected a number, found string `0.5`",
        ),
        (
            "timeout",
            true.into(),
            "expected a duration, found boolean `true`",
        ),
        (
            "timeout",
            "5".into(),
            "string `5` is not a duration: the unit is missing",
        ),
        (
            "timeout",
            (-5_i64).into(),
            "integer `-5` is not a duration: it is negative",
        ),
        ("names", 5_i64.into(), "expected a list, found integer `5`"),
        ("tls", "x".into(), "expected a map, found string `x`"),
        (
            "headers",
            "x".into(),
            "expected a map, or a list of `{name, value}`, found string `x`",
        ),
        (
            "mode",
            "Fast".into(),
            "string `Fast` is not one of the values it can have",
        ),
        (
            "storage",
            "a b".into(),
            "string `a b` is not a component id: invalid character(s) in type \"a b\"",
        ),
    ] {
        let (demo, diagnostics) = decode(&map([(key, node)]));
        assert_eq!(demo, None, "{key}");
        let messages: Vec<_> = diagnostics
            .iter()
            .map(|item| item.message.as_str())
            .collect();
        assert_eq!(messages, [expected], "{key}");
        let span = diagnostics.iter().next().and_then(Diagnostic::span);
        assert_eq!(
            span.map(|span| (span.start, span.end)),
            Some((0, key.len())),
            "{key}"
        );
    }
    assert_eq!(
        good(&map([("limit", 7.9.into())])).limit,
        Some(7),
        "fractions are cut off"
    );
    let demo = good(&map([
        ("ratio", 2_i64.into()),
        ("timeout", 1_500_i64.into()),
    ]));
    assert_eq!(
        (demo.ratio, demo.common.timeout),
        (2.0, Duration::from_nanos(1_500))
    );
}

#[test]
fn what_came_out_of_an_expansion_is_text_for_strings_and_parsed_for_the_rest() {
    let demo = good(&map([
        ("endpoint", expanded(83_i64, "0123")),
        ("limit", expanded(83_i64, "0123")),
        ("timeout", expanded("5s", "5s")),
        ("names", list([expanded(1234_i64, "1234")])),
        ("anything", list([expanded(1234_i64, "1234")])),
    ]));
    assert_eq!((demo.endpoint.as_str(), demo.limit), ("0123", Some(83)));
    assert_eq!(demo.common.timeout, Duration::from_secs(5));
    assert_eq!(demo.common.names, ["1234"]);
    assert_eq!(demo.anything.to_string(), "[1234]");
}

#[test]
fn a_variable_that_is_not_set_is_the_zero_value_of_a_scalar() {
    let demo = good(&map([
        ("endpoint", unset()),
        ("timeout", unset()),
        ("names", unset()),
        ("headers", unset()),
        ("limit", unset()),
        ("ratio", unset()),
        ("level", unset()),
        ("mode", unset()),
        ("sections", map([("a", unset())])),
    ]));
    assert_eq!((demo.endpoint.as_str(), demo.ratio), ("", 0.0));
    assert_eq!(demo.common.timeout, Duration::ZERO);
    assert_eq!(demo.common.names, ["a"], "lists and maps keep the default");
    assert_eq!((demo.headers.len(), demo.limit), (1, Some(3)));
    assert_eq!((demo.level, demo.mode), (Level::Info, Mode::Fast));
    assert_eq!(demo.sections.get("a"), Some(&Common::default()));
    assert!(
        good(&map([("tls", unset())])).tls.is_some(),
        "it switches a section on"
    );
    assert_eq!(
        good(&map([("endpoint", expanded(Node::default(), "null"))])).endpoint,
        "null"
    );

    let queue = good(&map([("queue", unset())])).queue;
    assert_eq!(queue.as_ref().map(|queue| queue.timeout.as_secs()), Some(9));
}

#[derive(Debug, Clone, PartialEq, Config)]
struct Outer {
    inner: Inner,
}

#[derive(Debug, Clone, PartialEq, Config)]
#[config(decoded = Self::decoded)]
struct Inner {
    size: u32,
    list: Vec<u32>,
    #[config(skip)]
    written: bool,
}

impl Default for Outer {
    fn default() -> Self {
        let inner = Inner {
            size: 5,
            list: vec![5],
            written: false,
        };
        Self { inner }
    }
}

impl Default for Inner {
    fn default() -> Self {
        Outer::default().inner
    }
}

impl Inner {
    fn decoded(&mut self, node: &Node) {
        self.written = node.lookup("size").is_some();
    }
}

#[test]
fn a_section_from_a_variable_that_is_not_set_has_zero_scalars() {
    let mut diagnostics = Diagnostics::new();
    let node = map([("inner", unset())]);
    let outer: Outer = load("o", &Origin::Default, &node, &mut diagnostics).unwrap();
    assert_eq!((outer.inner.size, outer.inner.list), (0, vec![5]));
}

#[test]
fn a_section_can_look_at_what_was_written() {
    let mut diagnostics = Diagnostics::new();
    for (inner, written) in [(map([("size", 5_i64.into())]), true), (map([]), false)] {
        let node = map([("inner", inner)]);
        let outer: Outer = load("o", &Origin::Default, &node, &mut diagnostics).unwrap();
        assert_eq!(outer.inner.written, written);
    }
}

#[test]
fn lists_of_strings_may_be_one_string() {
    let names = |node: Node| good(&map([("names", node)])).common.names;
    assert_eq!(names("a,b, c".into()), ["a", "b", " c"]);
    assert_eq!(names("".into()), [""; 0]);
    assert_eq!(names(list([])), [""; 0]);
    assert_eq!(names(expanded(5_i64, "5")), ["5"]);
}

#[test]
fn optional_sections_have_three_states() {
    let nothing = map([]);
    let off = map([("enabled", false.into()), ("timeout", "1s".into())]);
    let on = map([("enabled", true.into())]);
    let state = |key: &str, node: Node| {
        let demo = good(&map([(key, node)]));
        (
            demo.tls.is_some(),
            demo.queue.as_ref().map(|queue| queue.timeout.as_secs()),
        )
    };
    assert_eq!(
        state("tls", Node::default()),
        (false, None),
        "null on none stays off"
    );
    assert_eq!(state("tls", nothing.clone()), (true, None));
    assert_eq!(
        state("queue", Node::default()),
        (false, Some(9)),
        "null switches a default on"
    );
    assert_eq!(state("queue", nothing), (false, Some(9)));
    assert_eq!(state("queue", off), (false, None));
    assert_eq!(state("queue", on), (false, Some(9)));
    assert_eq!(
        said(&map([("queue", map([("enabled", "yes".into())]))])),
        ["C0101 exporters::demo::queue::enabled expected a boolean, found string `yes`"]
    );

    let mut cx_diagnostics = Diagnostics::new();
    let mut cx = DecodeContext::new(&mut cx_diagnostics, "", &Origin::Default);
    let mut scalar = Optional::Some(5_u32);
    scalar.decode(&Node::default(), &mut cx);
    assert_eq!(scalar, Optional::None, "null clears an optional value");
    let mut section = Optional::Some(Tls::default());
    section.decode(&Node::default(), &mut cx);
    assert!(section.is_some(), "null keeps a section that is on");
}

#[test]
fn headers_are_a_map_or_a_list_and_never_shown() {
    let from_map = good(&map([(
        "headers",
        map([("a", "1".into()), ("x", "2".into())]),
    )]));
    let headers: Vec<_> = from_map
        .headers
        .iter()
        .map(|(name, value)| (name, value.expose()))
        .collect();
    assert_eq!(
        headers,
        [("x", "2"), ("a", "1")],
        "a map is merged into the default"
    );

    let item = |name: &str, value: &str| map([("name", name.into()), ("value", value.into())]);
    let from_list = good(&map([("headers", list([item("b", "1"), item("a", "2")]))]));
    let headers: Vec<_> = from_list
        .headers
        .iter()
        .map(|(name, value)| (name, value.expose()))
        .collect();
    assert_eq!(headers, [("b", "1"), ("a", "2")], "a list replaces it");
    assert!(!format!("{from_list:?}").contains('2'), "{from_list:?}");

    let twice = map([("headers", list([item("a", "1"), item("a", "2")]))]);
    assert_eq!(
        said(&twice),
        ["C0106 exporters::demo::headers::1 name `a` is given twice"]
    );
    let secret = map([("headers", map([("authorization", 42_i64.into())]))]);
    assert_eq!(
        said(&secret),
        ["C0101 exporters::demo::headers::authorization expected a string, found integer"]
    );
}

#[test]
fn old_spellings_work_and_say_what_to_write() {
    let node = map([(
        "tls",
        map([
            ("verify", false.into()),
            ("reload", 1_i64.into()),
            ("cache", 1_i64.into()),
        ]),
    )]);
    let demo = good(&node);
    assert!(!demo.tls.as_ref().unwrap().check);
    let reported: Vec<_> = decode(&node)
        .1
        .iter()
        .map(|item| {
            (
                item.severity,
                item.code,
                item.help.clone().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        reported,
        [
            (
                Severity::Warning,
                Code::DEPRECATED,
                "write `check`".to_owned()
            ),
            (
                Severity::Warning,
                Code::OBSOLETE_FIELD,
                "it reloads by itself".to_owned()
            ),
            (Severity::Note, Code::NO_EFFECT, String::new()),
        ]
    );
    assert_eq!(
        said(&map([("tls", map([("checks", true.into())]))])),
        [""; 0]
    );
    let (demo, _) = decode(&map([("tls", map([("cipher", "x".into())]))]));
    assert_eq!(
        demo, None,
        "a removed key whose meaning is lost is an error"
    );

    let warned = map([("level", "WARNING".into())]);
    assert_eq!(good(&warned).level, Level::Warn);
    assert_eq!(
        said(&warned),
        ["C0110 exporters::demo::level value `warning` is deprecated"]
    );
}

#[test]
fn a_component_reports_all_its_complaints_at_the_keys() {
    let node = map([(
        "tls",
        map([
            ("key_file", "f".into()),
            ("key_pem", "p".into()),
            ("cache", 13_i64.into()),
        ]),
    )]);
    let (demo, diagnostics) = decode(&node);
    assert_eq!(demo, None);
    let complaints: Vec<_> = diagnostics
        .errors()
        .map(|item| (item.code, item.path.as_str()))
        .collect();
    assert_eq!(
        complaints,
        [
            (Code::REFUSED_VALUE, "exporters::demo::tls::key_pem"),
            (Code::REFUSED_VALUE, "exporters::demo::tls::key_file"),
            (Code::REFUSED_VALUE, "exporters::demo::tls::cache"),
        ]
    );
}

#[test]
fn a_section_that_could_not_be_decoded_is_not_validated_as_well() {
    let node = map([(
        "tls",
        map([("cache", 13_i64.into()), ("key_fle", "f".into())]),
    )]);
    let codes: Vec<_> = decode(&node).1.errors().map(|item| item.code).collect();
    assert_eq!(codes, [Code::UNKNOWN_FIELD]);
}

#[test]
fn writing_hides_secrets_and_reading_it_back_gives_the_same() {
    let mut demo = Demo {
        token: "sesame".to_owned(),
        tls: Optional::Some(Tls {
            key_pem: "pem".into(),
            ..Tls::default()
        }),
        ..Demo::default()
    };
    demo.sections.insert(
        "s",
        Common {
            timeout: Duration::from_millis(1500),
            names: vec![],
        },
    );
    demo.storage = Some("file_storage/a".parse().unwrap());
    let shown = demo.encode(EncodeContext::default()).to_string();
    assert!(
        !shown.contains("sesame") && !shown.contains("pem:pem"),
        "{shown}"
    );
    assert!(shown.contains("token: [REDACTED]") && shown.contains("key_pem: [REDACTED]"));
    assert!(shown.contains("timeout: 1.5s"), "{shown}");

    let clear = EncodeContext {
        redact: false,
        durations_as_nanoseconds: true,
    };
    let mut written = demo.encode(clear);
    let Value::Map(map) = &mut written.value else {
        panic!("{written}")
    };
    // A default that is off is written as null, which switches it on.
    map.remove("queue");
    assert_eq!(good(&written), demo);
}

#[test]
fn the_origin_of_each_value_is_known() {
    let source = Source::new(SourceKind::File, "c.yaml", "tls:\n  verify: false\n");
    let mut value = Node::from(false);
    value.origin = Origin::text(&source, 15, 20);
    let key = |name: &str| Key::new(name, Origin::Default);
    let tls: Map = [(key("verify"), value)].into_iter().collect();
    let node: Map = [(key("tls"), tls.into())].into_iter().collect();

    let mut origins = Origins::default();
    let mut diagnostics = Diagnostics::new();
    let demo = load_onto(
        Demo::default(),
        "exporters::demo",
        &Origin::Default,
        &node.into(),
        &mut diagnostics,
        Some(&mut origins),
    );
    assert!(demo.is_some());
    let origin = |path: &str| origins.get(&format!("exporters::demo::{path}")).to_string();
    assert_eq!(origin("tls::check"), "c.yaml:2:11", "by today's spelling");
    assert_eq!(origin("tls::key_file"), "default");
}

#[test]
fn the_table_of_keys_has_types_defaults_and_texts() {
    let rows = Demo::type_schema().rows();
    let row = |key: &str| {
        let row = rows
            .iter()
            .find(|row| row.key == key)
            .unwrap_or_else(|| panic!("{key}"));
        (row.kind.as_str(), row.default.as_str(), row.doc.as_str())
    };
    assert_eq!(row("endpoint"), ("string", "localhost:1", ""));
    assert_eq!(row("timeout"), ("duration", "5s", ""));
    assert_eq!(row("tls"), ("optional section", "off", ""));
    assert_eq!(
        row("tls.key_file"),
        ("string", "\"\"", "The file with the key.")
    );
    let cache = "Accepted without effect: there is no session cache.";
    assert_eq!(row("tls.cache"), ("integer", "7", cache));
    assert_eq!(
        row("queue.timeout"),
        ("duration", "9s", ""),
        "of the field, not of the type"
    );
    assert_eq!(row("sections.<name>.timeout"), ("duration", "0s", ""));
    assert_eq!(row("mode"), ("very_safe \\| fast", "very_safe", ""));
    assert_eq!(row("token"), ("secret", "\"\"", ""));
    assert_eq!(row("headers"), ("map of secret", "{x: [REDACTED]}", ""));
}

#[derive(Debug, Clone, Default, PartialEq, Config)]
struct Open {
    known: bool,
    #[config(rest)]
    others: OrderedMap<i64>,
}

#[test]
fn a_rest_field_takes_the_keys_that_no_other_field_knows() {
    let node = map([
        ("a", 1_i64.into()),
        ("known", true.into()),
        ("b", 2_i64.into()),
    ]);
    let mut diagnostics = Diagnostics::new();
    let open: Open = load("p", &Origin::Default, &node, &mut diagnostics).unwrap();
    assert!(open.known);
    assert_eq!(
        open.others.iter().collect::<Vec<_>>(),
        [("a", &1), ("b", &2)]
    );
    assert_eq!(
        open.encode(EncodeContext::default()).to_string(),
        "{known: true, a: 1, b: 2}"
    );
}
