use super::compile;

fn matches(pattern: &str, text: &str) -> bool {
    compile(pattern)
        .unwrap_or_else(|error| panic!("{pattern}: {error}"))
        .is_match(text.as_bytes())
}

fn found<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let regex = compile(pattern).unwrap();
    let found = regex.find(text.as_bytes())?;
    text.get(found.range())
}

#[test]
fn classes_are_ascii() {
    assert!(matches(r"^\d\w\s$", "1a "));
    assert!(!matches(r"\d", "\u{664}"));
    assert!(!matches(r"\w", "\u{e9}"));
    assert!(!matches(r"\s", "\u{a0}\u{b}"));
    assert!(matches(r"^\D\W\S$", "\u{664}\u{e9}\u{b}"));
    assert!(matches(r"^[\d_][\w-][^\s]$", "1-x"));
    assert!(matches(r"^[\Da]$", "x") && !matches(r"^[\Da]$", "1"));
    assert!(matches(r"\bword\b", "a word"));
    assert_eq!(found(r"\w+\b", "caf\u{e9}"), Some("caf"));
    assert!(matches(r"o\Bo", "foo"));
    assert_eq!(
        compile(r"\B")
            .unwrap()
            .find("_\u{e9}x".as_bytes())
            .map(|m| m.start()),
        None
    );
    assert!(matches(r"^\p{L}\pL\P{Greek}$", "a\u{e9}b"));
}

#[test]
fn characters_stay_characters_and_fold_as_unicode() {
    assert!(matches("^.{4}$", "caf\u{e9}"));
    assert!(matches("(?i)^\u{e9}$", "\u{c9}"));
    assert!(!matches("^.$", "\n") && matches("(?s)^.$", "\n"));
    assert!(!matches("a$", "a\n"));
}

#[test]
fn braces_that_repeat_nothing_are_characters() {
    assert!(matches("^/users/{id}$", "/users/{id}"));
    assert!(matches("^a{,2}$", "a{,2}"));
    assert!(matches("^a{2}b{1,}c{1,2}$", "aabbc"));
    assert!(matches("^{$", "{"));
    assert!(matches("^a{1$", "a{1"));
}

#[test]
fn quoting_and_escapes_are_as_in_go() {
    assert!(matches(r"^\Qa.b[\E+$", "a.b[["));
    assert!(matches(r"^\Q(never closed", "(never closed"));
    assert!(matches(r"^\<a\>\/\_\-$", "<a>/_-"));
    assert!(matches(r"^\x41\x{42}\101$", "ABA"));
    assert!(matches(r"\Aa\z", "a"));
}

#[test]
fn brackets_and_doubled_signs_in_classes_are_members() {
    assert!(matches("^[[]$", "[") && matches("^[]]$", "]") && matches("^[^]]$", "x"));
    assert!(matches("^[a&&b]+$", "a&b") && !matches("^[a&&b]$", "x"));
    assert!(matches("^[a~~b]+$", "~") && matches("^[+--]+$", "+,-"));
    assert!(matches("^[a-]$", "-") && matches("^[-a]$", "-"));
    assert!(matches("^[[:alpha:][:digit:]_]+$", "a1_"));
    assert!(matches(r"^[\]\[\\]+$", r"[]\"));
    assert!(matches(r"^[\x41-\x{43}]$", "B"));
    assert!(matches("^[[a]]$", "[]"));
    assert!(matches(r"^[\d--0a]+$", "5.a") && !matches(r"^[\d--0]$", "a"));
    assert!(matches(r"^[a\W--/]$", ".") && matches("^[^[:alpha:]-]$", "1"));
}

#[test]
fn named_groups_and_flags_work() {
    let regex = compile(r"^(?P<protocol>.*):\/\/(?P<domain>.*)\/(?P<path>.*)(\?|\&)(?P<query>.*)");
    let regex = regex.unwrap();
    let captures = regex.captures(b"http://example.com/path?a=1,b=2").unwrap();
    assert_eq!(&captures["protocol"], b"http");
    assert_eq!(&captures["query"], b"a=1,b=2");
    assert_eq!(found("(?U)a+", "aaa"), Some("a"));
}

#[test]
fn mistakes_stay_mistakes() {
    for pattern in [
        "(a|b))", "(", "[a", "*", r"\", r"[\", r"[a-\d]", "a{2,1}", "(?P<n", r"\8",
    ] {
        assert!(compile(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn mistakes_are_explained_in_a_few_words() {
    assert_eq!(compile("(").unwrap_err().to_string(), "unclosed group");
}

#[test]
fn text_that_is_not_utf8_is_searched() {
    assert!(compile("b").unwrap().is_match(b"\xffb\xfe"));
}
