//! Templates and what Go's `text/template` with sprig 3.3.0 and Alloy's functions makes of them: the
//! tables were filled by running it.

use super::*;

struct Names;

const DATA: &[(&str, &str)] = &[
    ("Value", "hello"),
    ("level", "INFO"),
    ("pad", " xhix "),
    ("sp", "  s \n"),
    ("empty", ""),
    ("csv", "a,b,c"),
    ("num", "41"),
    ("json", r#"{"user":{"name":"bob"},"n":3}"#),
    ("a-b", "dash"),
    ("Entry", "the line"),
];

impl Data for Names {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = DATA.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| Cow::Borrowed(*value))
    }

    fn all(&self) -> Vec<(String, String)> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        DATA.iter().map(own).collect()
    }
}

fn run(template: &str) -> Result<String, String> {
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    template.execute(&Names).map_err(|error| error.to_string())
}

const MADE: &[(&str, &str)] = &[
    ("{{ .Value }}", "hello"),
    ("{{ ToUpper .Value }}-{{ .level | ToLower }}", "HELLO-info"),
    (
        r#"{{ Replace .Value "l" "L" 1 }}{{ Replace .Value "l" "L" -1 }}"#,
        "heLloheLLo",
    ),
    (
        r#"{{ Trim .pad " x" }}|{{ TrimLeft .pad " x" }}|{{ TrimRight .pad " x" }}|{{ TrimSpace .sp }}"#,
        "hi|hix | xhi|s",
    ),
    (
        r#"{{ TrimPrefix .Value "he" }}{{ TrimSuffix .Value "lo" }}"#,
        "llohel",
    ),
    (
        r#"{{ Hash "salt" .Value }}"#,
        "03e21ab7c10d07f9d4ac68705a6e42ea9812c43704eea51814343e1ae462df96",
    ),
    (
        r#"{{ Sha2Hash "salt" .Value }}"#,
        "cd31b3b98ece60cb739c0bf770b2de892ae0ad133f645513c3d83f08757a843a",
    ),
    (
        r#"{{ regexReplaceAll "(l+)" .Value "<$1>" }}{{ regexReplaceAllLiteral "(l+)" .Value "<$1>" }}"#,
        "he<ll>ohe<$1>o",
    ),
    ("{{ .missing }}", "<no value>"),
    (
        r#"{{ default "none" .missing }}{{ .empty | default "e" }}"#,
        "nonee",
    ),
    (
        r#"{{ if eq .level "WARN" }}w{{ else if eq .level "INFO" }}i{{ else }}o{{ end }}"#,
        "i",
    ),
    (
        r#"{{ if and .Value (ne .level "x") }}yes{{ end }}{{ if or .missing .empty }}no{{ else }}none{{ end }}"#,
        "yesnone",
    ),
    (
        "{{ with .Value }}[{{ . }}]{{ else }}none{{ end }}{{ with .empty }}x{{ else }}y{{ end }}",
        "[hello]y",
    ),
    (
        r#"{{- range $i, $p := splitList "," .csv }}{{ $i }}={{ $p }};{{ end -}}"#,
        "0=a;1=b;2=c;",
    ),
    (
        "{{ range until 4 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ . }}{{ end }}",
        "013",
    ),
    (
        "{{ range $x := list 1 2 3 }}{{ if gt $x 2 }}{{ break }}{{ end }}{{ $x }}{{ else }}none{{ end }}",
        "12",
    ),
    (
        r#"{{ $a := .Value }}{{ $a = printf "%s!" $a }}{{ $a }}"#,
        "hello!",
    ),
    (
        r#"{{ printf "%05d|%-5s|%5.2f|%q|%v|%x" 42 "ab" 3.14159 "q\"" true "hi" }}"#,
        r#"00042|ab   | 3.14|"q\""|true|6869"#,
    ),
    (
        r#"{{ printf "%d" "x" }}{{ printf "%s %s" "a" }}{{ printf "a" 1 }}"#,
        "%!d(string=x)a %!s(MISSING)a%!(EXTRA int=1)",
    ),
    (r#"{{ print 1 2 "a" "b" 3 }}"#, "1 2ab3"),
    (r#"{{ .csv | splitList "," | join "-" | upper }}"#, "A-B-C"),
    (
        r#"{{ len .Value }}{{ index (splitList "," .csv) 1 }}{{ index . "a-b" }}"#,
        "5bdash",
    ),
    (
        "{{ add 1 2 3 }}{{ sub 5 3 }}{{ mul 2 3 }}{{ div 7 2 }}{{ mod 7 2 }}{{ max 1 5 3 }}{{ min 4 2 }}",
        "6263152",
    ),
    (
        "{{ .num | int | add1 }}{{ .num | atoi }}{{ float64 .num }}{{ round 123.5555 3 }}{{ floor 3.7 }}{{ ceil 3.2 }}",
        "424141123.55634",
    ),
    (
        r#"{{ quote .Value }}{{ squote .Value }}{{ cat "a" "b" }}{{ repeat 3 "ab" }}{{ nospace "a b c" }}"#,
        r#""hello"'hello'a bababababc"#,
    ),
    (
        r#"{{ title "hello world" }}{{ untitle "Hello World" }}{{ initials "First Try" }}{{ swapcase "aBc" }}"#,
        "Hello Worldhello worldFTAbC",
    ),
    (
        r#"{{ snakecase "FirstName" }} {{ kebabcase "FirstName" }} {{ camelcase "http_server" }} {{ snakecase "HTTPServer" }}"#,
        "first_name first-name HttpServer http_server",
    ),
    (
        r#"{{ contains "ell" .Value }}{{ hasPrefix "he" .Value }}{{ hasSuffix "x" .Value }}"#,
        "truetruefalse",
    ),
    (
        r#"{{ ternary "a" "b" true }}{{ coalesce .empty .Value }}{{ empty .empty }}"#,
        "ahellotrue",
    ),
    (
        r#"{{ b64enc .Value }}{{ b64dec "aGVsbG8=" }}{{ sha256sum .Value }}{{ adler32sum .Value }}"#,
        "aGVsbG8=hello2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824103547413",
    ),
    (
        r#"{{ toJson (dict "a" 1 "b" (list 1 2.5 "x" true nil)) }}"#,
        r#"{"a":1,"b":[1,2.5,"x",true,null]}"#,
    ),
    (
        "{{ (fromJson .json).user.name }}{{ (fromJson .json).n }}",
        "bob3",
    ),
    (
        r#"{{ regexMatch "^h" .Value }}{{ regexFind "l+" .Value }}{{ regexFindAll "l" .Value -1 }}{{ regexSplit "l" .Value -1 }}"#,
        "truell[l l][he  o]",
    ),
    (
        r#"{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .Value }}{{ block "u" .level }}({{ . }}){{ end }}"#,
        "<hello>(INFO)",
    ),
    ("{{/* comment */}}a {{- /* trimmed */ -}} b", "ab"),
    (
        "{{ 1.5 }}{{ 100000000.0 }}{{ 1e21 }}{{ 0.00001 }}",
        "1.51e+081e+211e-05",
    ),
    (
        r#"{{ not true }}{{ lt 1 2 }}{{ ge "b" "a" }}{{ eq 1 2 3 1 }}"#,
        "falsetruetruetrue",
    ),
    (
        r#"{{ html "<a&b>" }}{{ urlquery "a b&c" }}"#,
        "&lt;a&amp;b&gt;a+b%26c",
    ),
    (
        r#"{{ abbrev 5 "hello world" }}{{ indent 2 "a\nb" }}{{ plural "one" "many" 2 }}"#,
        "he...  a\n  bmany",
    ),
    (
        r#"{{ list 1 "a" | toString }}{{ dict "k" "v" }}{{ first (list 1 2) }}{{ last (list 1 2) }}{{ rest (list 1 2 3) }}{{ has 2 (list 1 2) }}"#,
        "[1 a]map[k:v]12[2 3]true",
    ),
    (
        r#"{{ uniq (list 1 1 2) }}{{ sortAlpha (list "b" "a") }}{{ reverse (list 1 2) }}{{ without (list 1 2 3) 2 }}{{ compact (list "" "a") }}"#,
        "[1 2][a b][2 1][1 3][a]",
    ),
    (
        r#"{{ get (dict "a" "b") "a" }}{{ hasKey (dict "a" 1) "b" }}{{ (split "," .csv)._1 }}"#,
        "bfalseb",
    ),
    (
        r#"{{ base "/a/b.log" }}{{ dir "/a/b.log" }}{{ ext "/a/b.log" }}"#,
        "b.log/a.log",
    ),
    (
        r#"{{ kindOf 1 }}{{ kindOf "a" }}{{ typeOf 1.5 }}{{ kindIs "string" .Value }}"#,
        "intstringfloat64true",
    ),
    (
        "{{ addf 1.5 2 }}{{ mulf 2 2.5 }}{{ subf 3 1.5 }}{{ divf 3 2 }}",
        "3.551.51.5",
    ),
    ("{{ .Entry }}", "the line"),
    (
        "{{ . }}",
        "map[Entry:the line Value:hello a-b:dash csv:a,b,c empty: json:{\"user\":{\"name\":\"bob\"},\"n\":3} level:INFO num:41 pad: xhix  sp:  s \n]",
    ),
    (
        "{{ $.level }}{{ with .Value }}{{ $.level }}{{ end }}",
        "INFOINFO",
    ),
    (
        r#"{{ printf "%.3s|%6d|%+d|%t|%c|%e" "abcdef" 12 5 true 65 1234.5 }}"#,
        "abc|    12|+5|true|A|1.234500e+03",
    ),
    ("{{ untilStep 3 6 2 }}{{ seq 1 3 }}", "[3 5]1 2 3"),
    (r##"{{ regexReplaceAll "\\d+" "a1b22" "#" }}"##, "a#b#"),
    (
        r#"{{ trimAll "$" "$5.00$" }}{{ trimSuffix "-" "hello-" }}{{ trimPrefix "-" "-hello" }}{{ replace "l" "L" .Value }}"#,
        "5.00hellohelloheLLo",
    ),
    (
        r#"{{ pick (dict "a" 1 "b" 2) "a" }}{{ omit (dict "a" 1 "b" 2) "a" }}{{ merge (dict "a" 1) (dict "a" 2 "b" 3) }}{{ keys (dict "a" 1) }}{{ values (dict "a" 1) }}"#,
        "map[a:1]map[b:2]map[a:1 b:3][a][1]",
    ),
    (
        "{{ 123456.0 }} {{ 1234567.0 }} {{ 123456789.5 }} {{ 0.0001 }} {{ 1e20 }} {{ mulf 1000 1000 }} {{ mulf 1000 1000.5 2 }}",
        "123456 1.234567e+06 1.234567895e+08 0.0001 1e+20 1e+06 2.001e+06",
    ),
    (
        "{{ seq 5 }}|{{ seq 3 1 }}|{{ seq 0 2 10 }}",
        "1 2 3 4 5|3 2 1|0 2 4 6 8 10",
    ),
    (
        r#"{{ printf "%v %g %.2g %6.3v" 1234567.0 1234567.0 1234567.0 2.5 }}"#,
        "1.234567e+06 1.234567e+06 1.2e+06    2.5",
    ),
    (
        r#"{{ len (list 1 2) }}{{ len (dict "a" 1) }}{{ int "12.7" }}{{ int64 "0x1f" }}{{ int true }}"#,
        "210311",
    ),
    (r#"{{ "a" | printf "%s-%s" "b" }}"#, "b-a"),
];

const FAILING: &[&str] = &[
    "{{ ToUpper .missing }}",
    "{{ slice .Value 1 3 }}{{ substr 0 2 .Value }}{{ trunc 3 .Value }}{{ trunc -2 .Value }}",
    r#"{{ "a\tb" }}{{ `raw\n` }}{{ 'a' }}{{ 0x1F }}{{ 1e3 }}{{ true }}{{ nil | default "n" }}"#,
    r#"{{ fail "no" }}"#,
    r#"{{ eq 1 "a" }}"#,
    "{{ index (list 1) 5 }}",
    "{{ div 1 0 }}",
    "{{ if .missing }}a{{ else with .level }}b{{ . }}{{ end }}",
];

#[test]
fn templates_make_what_go_makes_of_them() {
    for (template, expected) in MADE {
        assert_eq!(run(template).as_deref(), Ok(*expected), "{template}");
    }
}

#[test]
fn templates_fail_where_go_fails() {
    for template in FAILING {
        let made = run(template);
        assert!(made.is_err(), "{template}: {made:?}");
    }
}

#[test]
fn mistakes_are_found_when_the_template_is_read() {
    for (template, message) in [
        ("{{ .a", "line 1: unclosed action"),
        (
            "a\n{{ if .a }}",
            "line 2: unexpected EOF: `{{end}}` is missing",
        ),
        ("{{ end }}", "line 1: unexpected {{end}}"),
        (
            "{{ Toupper .a }}",
            "line 1: function \"Toupper\" not defined (did you mean \"ToUpper\"?)",
        ),
        (
            "{{ now }}",
            "line 1: function \"now\" not defined: functions of dates",
        ),
        (
            "{{ env \"HOME\" }}",
            "line 1: function \"env\" not defined: a log line must not",
        ),
        ("{{ $x }}", "line 1: undefined variable \"$x\""),
        ("{{ . | 1 }}", "line 1: non executable command in pipeline"),
        ("{{ \"a }}", "line 1: unterminated quoted string"),
        ("{{ break }}", "line 1: {{break}} outside {{range}}"),
        ("{{ }}", "line 1: missing value for command"),
        ("{{ (.a }}", "line 1: unclosed left paren"),
    ] {
        let error = Template::parse(template).unwrap_err().to_string();
        assert!(error.starts_with(message), "{template}: {error}");
    }
}

#[test]
fn no_template_makes_more_than_there_may_be() {
    for template in [
        "{{ repeat 100000000 \"abc\" }}",
        "{{ range until 9000 }}{{ range until 9000 }}x{{ end }}{{ end }}",
        "{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}",
        "{{ until 1000000000 }}",
        "{{ range 1000000000 }}x{{ end }}",
    ] {
        assert!(run(template).is_err(), "{template}");
    }
    let deep = "{{ (".to_owned() + &"(".repeat(100_000);
    assert!(Template::parse(&deep).is_err());
    let deep = "{{ if .a }}".repeat(100_000);
    assert!(Template::parse(&deep).is_err());
}
