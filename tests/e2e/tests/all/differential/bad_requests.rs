//! Bad requests, and odd ones that are fine: the same answer, and the same arrives.

use bytes::Bytes;
use headwater_e2e::http::Request;
use headwater_e2e::{Encoding, Items, Message, Signal, grpc, samples, yaml};
use prost::encoding::{WireType, encode_key, encode_varint};

use super::{Pair, Side};

/// Where ours answers otherwise on purpose: the case, theirs, ours. The reasons are in
/// docs/differences.md.
const DIFFERENT: &[(&str, &str, &str)] = &[
    // Ours says that the request is wrong, not that the collector is.
    ("gRPC: text that should be protobuf", "code 13", "code 3"),
    ("gRPC: protobuf cut short", "code 13", "code 3"),
    (
        "gRPC: a known field with a wrong wire type",
        "code 13",
        "code 3",
    ),
    (
        "protobuf that says it is JSON",
        "500 application/json code 13",
        "400 application/json code 3",
    ),
    // Ours does not take half of a body.
    (
        "JSON with more behind it",
        "200 application/json",
        "400 application/json code 3",
    ),
    ("gRPC: two frames", "code 0", "code 13"),
    // Ours looks at the type before the encoding.
    (
        "an unknown encoding and content type",
        "400 application/json code 3",
        "415 text/plain",
    ),
    // Ours has one code for all that is no gRPC.
    ("gRPC: half a frame", "code 2", "code 13"),
    ("gRPC: a frame that ends early", "code 2", "code 13"),
    // Theirs leaves the client alone until it gives up.
    ("gRPC: nothing at all", "no answer", "code 13"),
];

/// What ours forwards as it is when nothing in the pipeline looks inside, and refuses where it
/// would be merged with what others sent: the case, theirs, ours without and with a batch
/// processor.
const UNREAD: &[(&str, &str, &str, &str)] = &[
    ("a wrong wire type in a span", BAD, GOOD, BAD),
    ("a trace id of 15 bytes", BAD, GOOD, BAD),
    ("a trace id of 17 bytes", BAD, GOOD, BAD),
    ("a span id of 7 bytes", BAD, GOOD, BAD),
    ("a parent id of 3 bytes", BAD, GOOD, BAD),
    ("metrics on the path of traces", BAD, GOOD, BAD),
    (
        "gRPC: a trace id of 15 bytes",
        "code 13",
        "code 0",
        "code 3",
    ),
    ("gRPC: a span id of 7 bytes", "code 13", "code 0", "code 3"),
];

const GOOD: &str = "200 application/x-protobuf";
const BAD: &str = "400 application/x-protobuf code 3";

/// Small limits, so that requests beyond them are small, too.
const LIMITS: &str = "
receivers:
  otlp:
    protocols:
      grpc:
        max_recv_msg_size_mib: 1
      http:
        max_request_body_size: 100000
";

/// A JSON request with one span of these fields.
macro_rules! span_json {
    ($fields:literal) => {
        concat!(
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"#,
            $fields,
            "}]}]}]}"
        )
    };
}

struct Case {
    name: &'static str,
    ask: Ask,
}

/// What to send.
enum Ask {
    Http(Request),
    Grpc {
        path: &'static str,
        headers: &'static [(&'static str, &'static str)],
        body: Bytes,
    },
}

impl Ask {
    /// Asks one collector and describes the answer.
    async fn of(&self, side: &Side) -> String {
        match self {
            Self::Http(request) => match request.send(side.collector.http()).await {
                Err(_) => "no answer".to_owned(),
                Ok(answer) => {
                    let kind = answer.header("content-type");
                    let kind = kind.split(';').next().unwrap_or_default();
                    format!("{} {kind}{}", answer.status, code(kind, &answer.body))
                }
            },
            Self::Grpc {
                path,
                headers,
                body,
            } => {
                let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
                match client.call(path, headers, body.clone()).await {
                    Err(_) => "no answer".to_owned(),
                    Ok(answer) => match answer.code {
                        Some(code) => format!("code {code}"),
                        None => format!("HTTP {}", answer.http_status),
                    },
                }
            }
        }
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn bad_requests_are_answered_the_same() {
    compare(false).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn bad_requests_are_answered_the_same_before_a_batch() {
    compare(true).await;
}

/// Theirs and ours of a case in which they differ.
fn known(name: &str, batched: bool) -> Option<(&'static str, &'static str)> {
    let different = DIFFERENT.iter().copied();
    let unread = UNREAD.iter().map(|&(name, theirs, ours, ours_batched)| {
        (name, theirs, if batched { ours_batched } else { ours })
    });
    let found = different.chain(unread).find(|(known, ..)| *known == name)?;
    // What is only different without a batch processor is in the table for that.
    (found.1 != found.2).then_some((found.1, found.2))
}

/// Asks both the same, with or without a batch processor in the pipeline.
async fn compare(batched: bool) {
    let processor = "processors:\n  batch:\n    timeout: 1ms\n";
    let pipelines = yaml::pipelines(if batched { "batch" } else { "" }, "otlp_http");
    let configs = [yaml::OTLP_IN, LIMITS, yaml::HTTP_OUT, processor, &pipelines];
    let pair = Pair::start(&configs).await;
    let mut wrong = Vec::new();
    let all = http_cases().into_iter().chain(grpc_cases());
    for case in all {
        let [ours, theirs] = [case.of(&pair.ours).await, case.of(&pair.theirs).await];
        println!(
            "{}: theirs {}, ours {}",
            case.name, theirs.answer, ours.answer
        );
        let right = match known(case.name, batched) {
            Some(known) => (&*theirs.answer, &*ours.answer) == known,
            // Behind a batch processor the rest comes later.
            None if !batched => ours == theirs,
            None => ours.answer == theirs.answer,
        };
        if !right {
            let (name, theirs_said, ours_said) = (case.name, &theirs.answer, &ours.answer);
            let arrived = ours.arrived.difference(&theirs.arrived).unwrap_or_default();
            let unread = (theirs.unread, ours.unread);
            wrong.push(format!(
                "{name}\n  theirs {theirs_said}\n  ours   {ours_said}\n  {arrived} {unread:?}"
            ));
        }
    }
    pair.stop().await;
    assert!(
        wrong.is_empty(),
        "{} answers differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// An answer, and what arrived because of the request.
#[derive(PartialEq)]
struct Outcome {
    answer: String,
    arrived: Items,
    /// How many requests arrived that the sink could not read.
    unread: usize,
}

impl Case {
    async fn of(&self, side: &Side) -> Outcome {
        let before = (side.sink.requests().len(), side.sink.problems().len());
        let answer = self.ask.of(side).await;
        let requests = side.sink.requests();
        let arrived = Items::of(requests[before.0..].iter().map(|request| &request.message));
        Outcome {
            answer,
            arrived,
            unread: side.sink.problems().len() - before.1,
        }
    }
}

fn http(name: &'static str, request: Request) -> Case {
    Case {
        name,
        ask: Ask::Http(request),
    }
}

/// The code in an error's body.
fn code(kind: &str, body: &[u8]) -> String {
    match kind {
        "application/json" => {
            let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
            value
                .get("code")
                .map(|code| format!(" code {code}"))
                .unwrap_or_default()
        }
        "application/x-protobuf" => {
            let status = <grpc::RpcStatus as prost::Message>::decode(body).unwrap_or_default();
            if status.code == 0 {
                String::new()
            } else {
                format!(" code {}", status.code)
            }
        }
        _ => String::new(),
    }
}

fn protobuf(name: &'static str, body: impl Into<Bytes>) -> Case {
    http(name, Request::protobuf(Signal::Traces, body))
}

fn json(name: &'static str, body: &'static str) -> Case {
    http(name, Request::json(Signal::Traces, body))
}

fn good() -> Request {
    Request::protobuf(
        Signal::Traces,
        samples::numbered(Signal::Traces, 0, 2).to_protobuf(),
    )
}

fn http_cases() -> Vec<Case> {
    let mut cases = bodies();
    let with = |name: &str, value: &str| good().with(name, value);
    let path = |path: &str| Request {
        path: path.into(),
        ..good()
    };
    let method = |method| Request { method, ..good() };
    let encoded = |name: &str, body: &[u8]| {
        Request {
            body: Bytes::copy_from_slice(body),
            ..good()
        }
        .with("content-encoding", name)
    };
    let zeros = vec![0; 200_000];
    let truncated = Encoding::Gzip.encode(&good().body);
    cases.extend([
        http("a good request", good()),
        http("no content type", good().without("content-type")),
        http("content type of text", with("content-type", "text/plain")),
        http(
            "content type application/protobuf",
            with("content-type", "application/protobuf"),
        ),
        http(
            "content type in capitals",
            with("content-type", "APPLICATION/X-PROTOBUF"),
        ),
        http(
            "content type with a parameter",
            with("content-type", "application/x-protobuf; a=b"),
        ),
        http("content type that is none", with("content-type", ";;")),
        http(
            "protobuf that says it is JSON",
            with("content-type", "application/json"),
        ),
        http("accept of something else", with("accept", "text/html")),
        http("an unknown encoding", with("content-encoding", "br")),
        http(
            "the encoding identity",
            with("content-encoding", "identity"),
        ),
        http("an empty encoding", with("content-encoding", "")),
        http("an encoding in capitals", encoded("GZIP", &truncated)),
        http("two encodings", with("content-encoding", "gzip, zstd")),
        http("gzip that is none", encoded("gzip", b"nonsense")),
        http("gzip that is empty", encoded("gzip", b"")),
        http(
            "gzip cut short",
            encoded("gzip", &truncated[..truncated.len() - 12]),
        ),
        http("zstd that is none", encoded("zstd", b"nonsense")),
        http(
            "snappy that is none",
            encoded("snappy", b"\xff\xff\xff\xff\xff\xff"),
        ),
        http("deflate that is none", encoded("deflate", b"nonsense")),
        http("lz4 that is none", encoded("lz4", b"nonsense")),
        http(
            "an unknown encoding and content type",
            with("content-encoding", "br").without("content-type"),
        ),
        http(
            "a body over the limit",
            Request {
                body: zeros.clone().into(),
                ..good()
            },
        ),
        http(
            "a body over the limit once inflated",
            encoded("gzip", &Encoding::Gzip.encode(&zeros)),
        ),
        http(
            "a body over the limit once inflated by snappy",
            encoded("snappy", &Encoding::Snappy.encode(&zeros)),
        ),
        http(
            "a body over the limit once inflated by zstd",
            encoded("zstd", &Encoding::Zstd.encode(&zeros)),
        ),
        http("GET", method("GET")),
        http("PUT", method("PUT")),
        http("DELETE", method("DELETE")),
        http("OPTIONS", method("OPTIONS")),
        http("a method that nobody knows", method("BREW")),
        http(
            "GET without anything",
            Request {
                body: Bytes::new(),
                ..method("GET")
            }
            .without("content-type"),
        ),
        http("an unknown path", path("/v1/trace")),
        http("the root", path("/")),
        http("a path with a slash at its end", path("/v1/traces/")),
        http("a path in capitals", path("/V1/TRACES")),
        http("a path with a query", path("/v1/traces?a=b")),
        http("the path of profiles", path("/v1development/profiles")),
        http(
            "metrics on the path of traces",
            Request {
                body: samples::rich(Signal::Metrics, "x").to_protobuf().into(),
                ..good()
            },
        ),
    ]);
    cases
}

/// Protobuf and JSON bodies of `/v1/traces`.
fn bodies() -> Vec<Case> {
    let mut cases = protobuf_bodies();
    cases.extend(json_bodies());
    cases
}

fn protobuf_bodies() -> Vec<Case> {
    vec![
        protobuf("an empty protobuf", Bytes::new()),
        protobuf("text that should be protobuf", &b"hello"[..]),
        protobuf("protobuf cut short", cut(&good().body)),
        protobuf("a length beyond the end", &b"\x0a\x7f\x00"[..]),
        protobuf(
            "a length of 2^64",
            &b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..],
        ),
        protobuf(
            "a varint of eleven bytes",
            &b"\x50\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..],
        ),
        protobuf("a known field with a wrong wire type", &b"\x08\x01"[..]),
        protobuf("wire type 6", &b"\x0e\x01"[..]),
        protobuf("wire type 7", &b"\x0f\x01"[..]),
        protobuf("an end of a group that nobody began", &b"\x0c"[..]),
        protobuf("field number 0", &b"\x02\x00"[..]),
        protobuf("an unknown field", &b"\x7a\x03abc"[..]),
        protobuf("an unknown field in a span", unknown_field_in_span()),
        protobuf("a resource without anything", &b"\x0a\x00"[..]),
        protobuf("spans in the deprecated field", scopes(&[(1000, "old")])),
        protobuf(
            "spans in the deprecated and in today's field",
            scopes(&[(1000, "old"), (2, "new"), (1000, "old again")]),
        ),
        protobuf(
            "a wrong wire type in a span",
            span_field(5, WireType::Varint, b"\x01"),
        ),
        protobuf("a name that is no UTF-8", span_bytes(5, b"\xff\xfe")),
        protobuf("a trace id of 15 bytes", span_bytes(1, &[1; 15])),
        protobuf("a trace id of 17 bytes", span_bytes(1, &[1; 17])),
        protobuf("an empty trace id", span_bytes(1, &[])),
        protobuf("a span id of 7 bytes", span_bytes(2, &[1; 7])),
        protobuf("a parent id of 3 bytes", span_bytes(4, &[1; 3])),
        protobuf("20 levels of lists", nested(20)),
    ]
}

fn json_bodies() -> Vec<Case> {
    vec![
        json("an empty JSON", ""),
        json("JSON of an empty object", "{}"),
        json("JSON null", "null"),
        json("a JSON array", "[]"),
        json("a JSON text", "\"x\""),
        json("JSON cut short", r#"{"resourceSpans":[{"#),
        json("JSON with more behind it", r#"{} {"#),
        json("no JSON", "hello"),
        json(
            "JSON with a key that nobody knows",
            r#"{"more":{"x":[1,{"y":null}]}}"#,
        ),
        json("JSON with text for a list", r#"{"resourceSpans":"x"}"#),
        json("JSON with a list for text", span_json!(r#""name":["x"]"#)),
        json("JSON with a number for text", span_json!(r#""name":5"#)),
        json("JSON with null for text", span_json!(r#""name":null"#)),
        json("JSON with null for a list", r#"{"resourceSpans":null}"#),
        json(
            "JSON with a trace id in capitals",
            span_json!(r#""traceId":"5B8EFFF798038103D269B633813FC60C""#),
        ),
        json(
            "JSON with a trace id that is too short",
            span_json!(r#""traceId":"5b8e""#),
        ),
        json(
            "JSON with a trace id of odd length",
            span_json!(r#""traceId":"5b8efff798038103d269b633813fc60""#),
        ),
        json(
            "JSON with a trace id that is no hex",
            span_json!(r#""traceId":"zz8efff798038103d269b633813fc60c""#),
        ),
        json("JSON with an empty trace id", span_json!(r#""traceId":"""#)),
        json(
            "JSON with a span id that is too long",
            span_json!(r#""spanId":"eee19b7ec3c1b174aa""#),
        ),
        json(
            "JSON with an enum by name",
            span_json!(r#""kind":"SPAN_KIND_CLIENT""#),
        ),
        json(
            "JSON with an enum by a wrong name",
            span_json!(r#""kind":"CLIENT""#),
        ),
        json("JSON with an enum beyond", span_json!(r#""kind":99"#)),
        json(
            "JSON with a time that is no number",
            span_json!(r#""startTimeUnixNano":"noon""#),
        ),
        json(
            "JSON with a negative time",
            span_json!(r#""startTimeUnixNano":"-1""#),
        ),
        json(
            "JSON with a time beyond 64 bits",
            span_json!(r#""startTimeUnixNano":"18446744073709551616""#),
        ),
        json(
            "JSON with a fraction of a time",
            span_json!(r#""startTimeUnixNano":1.5"#),
        ),
        json(
            "JSON with bad base64",
            span_json!(r#""attributes":[{"key":"a","value":{"bytesValue":"?"}}]"#),
        ),
        json(
            "JSON with text for a boolean",
            span_json!(r#""attributes":[{"key":"a","value":{"boolValue":"true"}}]"#),
        ),
        json(
            "JSON with an integer beyond 64 bits",
            span_json!(r#""attributes":[{"key":"a","value":{"intValue":"9223372036854775808"}}]"#),
        ),
        json(
            "JSON with half a surrogate",
            span_json!(r#""name":"\ud800""#),
        ),
        json(
            "JSON with a control character",
            span_json!("\"name\":\"a\nb\""),
        ),
    ]
}

/// Without its last bytes.
fn cut(body: &Bytes) -> Bytes {
    body.slice(..body.len() - 3)
}

fn length_delimited(field: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(field, WireType::LengthDelimited, &mut bytes);
    encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

/// A request whose only span has these bytes: resource_spans 1, scope_spans 2, spans 2.
fn request_with_span(span: &[u8]) -> Vec<u8> {
    length_delimited(1, &length_delimited(2, &length_delimited(2, span)))
}

/// A resource with scopes in these fields: scope 1 with its name 1, spans 2 with their name 5.
fn scopes(fields: &[(u32, &str)]) -> Vec<u8> {
    let scope = |(field, name): &(u32, &str)| {
        let span = length_delimited(2, &length_delimited(5, name.as_bytes()));
        let scope = length_delimited(1, &length_delimited(1, name.as_bytes()));
        length_delimited(*field, &[scope, span].concat())
    };
    length_delimited(1, &fields.iter().map(scope).collect::<Vec<_>>().concat())
}

fn span_bytes(field: u32, content: &[u8]) -> Vec<u8> {
    request_with_span(&length_delimited(field, content))
}

fn span_field(field: u32, wire_type: WireType, content: &[u8]) -> Vec<u8> {
    let mut span = Vec::new();
    encode_key(field, wire_type, &mut span);
    span.extend_from_slice(content);
    request_with_span(&span)
}

fn unknown_field_in_span() -> Vec<u8> {
    let name = length_delimited(5, b"known");
    request_with_span(&[name, length_delimited(900, b"from the future")].concat())
}

/// A span whose attribute is a list in a list and so on.
fn nested(levels: usize) -> Vec<u8> {
    // AnyValue: string_value 1, array_value 5; ArrayValue: values 1.
    let value = (0..levels).fold(length_delimited(1, b"deep"), |inner, _| {
        length_delimited(5, &length_delimited(1, &inner))
    });
    let attribute = [length_delimited(1, b"key"), length_delimited(2, &value)].concat();
    span_bytes(9, &attribute)
}

fn over_grpc(
    name: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: impl Into<Bytes>,
) -> Case {
    Case {
        name,
        ask: Ask::Grpc {
            path,
            headers,
            body: body.into(),
        },
    }
}

fn traces(name: &'static str, body: impl Into<Bytes>) -> Case {
    over_grpc(name, Signal::Traces.method(), &[], body)
}

fn message(name: &'static str, message: impl AsRef<[u8]>) -> Case {
    traces(name, grpc::frame(false, message.as_ref()))
}

fn grpc_cases() -> Vec<Case> {
    const METHOD: &str = Signal::Traces.method();
    const GZIP: &[(&str, &str)] = &[("grpc-encoding", "gzip")];
    const BROTLI: &[(&str, &str)] = &[("grpc-encoding", "br")];
    let good: Message = samples::numbered(Signal::Traces, 0, 2);
    let body = good.to_protobuf();
    let plain = grpc::frame(false, &body);
    let packed = grpc::frame(true, &Encoding::Gzip.encode(&body));
    let large = samples::numbered(Signal::Traces, 0, 20_000).to_protobuf();
    let bomb = grpc::frame(true, &Encoding::Gzip.encode(&vec![0; 3 << 20]));
    vec![
        message("gRPC: a good request", &body),
        message("gRPC: an empty message", b""),
        message("gRPC: text that should be protobuf", b"hello"),
        message("gRPC: protobuf cut short", &body[..body.len() - 3]),
        message("gRPC: a known field with a wrong wire type", b"\x08\x01"),
        message(
            "gRPC: spans in the deprecated field",
            scopes(&[(1000, "a"), (1000, "b")]),
        ),
        message("gRPC: a trace id of 15 bytes", span_bytes(1, &[1; 15])),
        message("gRPC: a span id of 7 bytes", span_bytes(2, &[1; 7])),
        message("gRPC: a name that is no UTF-8", span_bytes(5, b"\xff\xfe")),
        message("gRPC: 20 levels of lists", nested(20)),
        message("gRPC: a message over the limit", large),
        traces("gRPC: nothing at all", Bytes::new()),
        traces("gRPC: half a frame", plain.slice(..3)),
        traces(
            "gRPC: a frame that ends early",
            plain.slice(..plain.len() - 3),
        ),
        traces("gRPC: two frames", [&plain[..], &plain[..]].concat()),
        traces("gRPC: compressed, but not said how", packed.clone()),
        over_grpc("gRPC: gzip", METHOD, GZIP, packed.clone()),
        over_grpc(
            "gRPC: said to be gzip, but the frame says plain",
            METHOD,
            GZIP,
            plain.clone(),
        ),
        over_grpc(
            "gRPC: gzip that is none",
            METHOD,
            GZIP,
            grpc::frame(true, b"nonsense"),
        ),
        over_grpc(
            "gRPC: a message over the limit once inflated",
            METHOD,
            GZIP,
            bomb,
        ),
        over_grpc("gRPC: an unknown encoding", METHOD, BROTLI, packed),
        over_grpc(
            "gRPC: an unknown encoding that is not used",
            METHOD,
            BROTLI,
            plain.clone(),
        ),
        over_grpc(
            "gRPC: content type with a suffix",
            METHOD,
            &[("content-type", "application/grpc+proto")],
            plain.clone(),
        ),
        over_grpc(
            "gRPC: content type of JSON",
            METHOD,
            &[("content-type", "application/json")],
            plain.clone(),
        ),
        over_grpc(
            "gRPC: a timeout that is none",
            METHOD,
            &[("grpc-timeout", "soon")],
            plain.clone(),
        ),
        over_grpc(
            "gRPC: an unknown method",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
            &[],
            plain.clone(),
        ),
        over_grpc(
            "gRPC: an unknown service",
            "/some.Service/Export",
            &[],
            plain.clone(),
        ),
        over_grpc("gRPC: no method", "/", &[], plain),
    ]
}
