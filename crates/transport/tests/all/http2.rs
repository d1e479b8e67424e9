//! The HTTP/2 codec at its edges, with the h2 crate and bare frames on the other side.

use std::time::Duration;

use bytes::Bytes;
use headwater_core::rpc::Code;
use headwater_transport::grpc::{Client, ClientOptions, ServerOptions};
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Preface and empty settings.
pub(crate) fn hello() -> Vec<u8> {
    [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        &frame(4, 0, 0, &[]),
    ]
    .concat()
}

/// A request's header block without any compression.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        assert!(name.len() < 127);
        out.extend([0, name.len() as u8]);
        out.extend(name.as_bytes());
        if value.len() < 127 {
            out.push(value.len() as u8);
        } else {
            let rest = value.len() - 127;
            out.extend([
                127,
                (rest & 0x7f) as u8 | 0x80,
                (rest >> 7 & 0x7f) as u8 | 0x80,
                (rest >> 14) as u8,
            ]);
        }
        out.extend(value.as_bytes());
    }
    out
}

pub(crate) const REQUEST: [(&str, &str); 4] = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", ECHO),
    ("content-type", "application/grpc"),
];

/// Sends frames behind the greeting and returns what comes back until the server closes or has
/// been silent for a while.
async fn converse(server: &Running, frames: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // The server may close while it is being written to.
    drop(stream.write_all(&[&hello()[..], frames].concat()).await);
    let mut bytes = Vec::new();
    let reading = async {
        drop(stream.read_to_end(&mut bytes).await);
    };
    drop(tokio::time::timeout(Duration::from_millis(400), reading).await);
    let mut seen = Vec::new();
    let mut rest = &bytes[..];
    while rest.len() >= 9 {
        let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
        let stream = u32::from_be_bytes([rest[5], rest[6], rest[7], rest[8]]);
        seen.push((rest[3], stream, rest[9..9 + length].to_vec()));
        rest = &rest[9 + length..];
    }
    seen
}

/// The reason in a GOAWAY, if there is one.
fn go_away(seen: &[(u8, u32, Vec<u8>)]) -> Option<u8> {
    seen.iter()
        .find(|(kind, _, _)| *kind == 7)
        .map(|(_, _, payload)| payload[7])
}

/// The reason in a RST_STREAM for a stream, if there is one.
fn reset(seen: &[(u8, u32, Vec<u8>)], of: u32) -> Option<u8> {
    let found = seen
        .iter()
        .find(|(kind, stream, _)| *kind == 3 && *stream == of);
    found.map(|(_, _, payload)| payload[3])
}

#[tokio::test]
async fn a_request_in_bare_frames_is_answered() {
    let server = serve(Handler::default(), ServerOptions::default());
    let headers = frame(1, 4, 1, &block(&REQUEST));
    // In padded pieces of one byte, as nobody sensible sends them.
    let data: Vec<u8> = b"\0\0\0\0\x03abc"
        .iter()
        .flat_map(|b| frame(0, 8, 1, &[2, *b, 0, 0]))
        .collect();
    let end = frame(0, 1, 1, &[]);
    let seen = converse(&server, &[headers, data, end].concat()).await;
    let kinds: Vec<_> = seen
        .iter()
        .filter(|(_, stream, _)| *stream == 1)
        .map(|(k, _, _)| *k)
        .collect();
    assert_eq!(kinds, [1, 0, 1], "{seen:?}");
    assert!(
        seen.iter()
            .any(|(kind, _, payload)| *kind == 0 && payload == b"\0\0\0\0\x03abc")
    );
}

#[tokio::test]
async fn trailers_of_a_client_end_its_request() {
    let server = serve(Handler::default(), ServerOptions::default());
    let frames = [
        frame(1, 4, 1, &block(&REQUEST)),
        frame(0, 0, 1, b"\0\0\0\0\x00"),
        frame(1, 5, 1, &block(&[("x-checksum", "1")])),
    ];
    let seen = converse(&server, &frames.concat()).await;
    assert!(
        seen.iter()
            .any(|(kind, stream, _)| (*kind, *stream) == (0, 1)),
        "{seen:?}"
    );
}

#[tokio::test]
async fn malformed_requests_are_reset_and_the_connection_goes_on() {
    let server = serve(Handler::default(), ServerOptions::default());
    let with = |name: &'static str, value: &'static str| {
        let mut fields = REQUEST.to_vec();
        fields.push((name, value));
        fields
    };
    let mut backwards = REQUEST.to_vec();
    backwards.reverse();
    let cases = [
        with("Upper-Case", "x"),
        with(":unknown", "x"),
        with(":path", "/twice"),
        with("connection", "close"),
        with("te", "gzip"),
        with("content-length", "x"),
        with("content-length", "+5"),
        with("x-break", "a\r\nb: c"),
        with("x space", "x"),
        with("", "x"),
        backwards,
        REQUEST[1..].to_vec(),
        vec![(":method", "POST"), (":path", ECHO)],
    ];
    for fields in cases {
        let frames = [
            frame(1, 5, 1, &block(&fields)),
            frame(1, 4, 3, &block(&REQUEST)),
            frame(0, 1, 3, &[0; 5]),
        ];
        let seen = converse(&server, &frames.concat()).await;
        assert_eq!(reset(&seen, 1), Some(1), "{fields:?}: {seen:?}");
        assert!(
            seen.iter()
                .any(|(kind, stream, _)| (*kind, *stream) == (0, 3)),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn a_length_that_does_not_fit_the_data_resets_the_stream() {
    let server = serve(Handler::default(), ServerOptions::default());
    for length in ["4", "6"] {
        let mut fields = REQUEST.to_vec();
        fields.push(("content-length", length));
        let frames = [frame(1, 4, 1, &block(&fields)), frame(0, 1, 1, &[0; 5])];
        let seen = converse(&server, &frames.concat()).await;
        assert_eq!(reset(&seen, 1), Some(1), "{seen:?}");
    }
}

#[tokio::test]
async fn broken_rules_end_the_connection_with_their_reason() {
    const PROTOCOL: u8 = 1;
    const FLOW: u8 = 3;
    const SIZE: u8 = 6;
    const COMPRESSION: u8 = 9;
    let server = serve(Handler::default(), ServerOptions::default());
    let request = frame(1, 4, 1, &block(&REQUEST));
    let setting =
        |name: u8, value: u32| frame(4, 0, 0, &[&[0, name][..], &value.to_be_bytes()].concat());
    let cases = [
        (frame(0, 0, 1, b"x"), PROTOCOL),
        (frame(1, 4, 2, &block(&REQUEST)), PROTOCOL),
        (
            [
                request.clone(),
                frame(0, 1, 1, &[0; 5]),
                frame(0, 0, 3, b"x"),
            ]
            .concat(),
            PROTOCOL,
        ),
        ([request.clone(), request.clone()].concat(), PROTOCOL),
        // Streams of the server, which opens none.
        (frame(0, 0, 2, b"x"), PROTOCOL),
        (frame(3, 0, 2, &[0; 4]), PROTOCOL),
        (frame(8, 0, 2, &[0, 0, 0, 1]), PROTOCOL),
        (frame(3, 0, 1, &[0; 4]), PROTOCOL),
        (frame(5, 4, 1, &[0; 4]), PROTOCOL),
        (frame(8, 0, 0, &[0; 4]), PROTOCOL),
        (frame(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff]), FLOW),
        (setting(2, 2), PROTOCOL),
        (setting(4, 1 << 31), FLOW),
        (setting(5, 100), PROTOCOL),
        (frame(6, 0, 0, &[0; 7]), SIZE),
        (frame(1, 4, 1, &[0xff, 0xff, 0xff]), COMPRESSION),
        (frame(1, 4, 1, &[0x80]), COMPRESSION),
    ];
    for (frames, expected) in cases {
        let seen = converse(&server, &frames).await;
        assert_eq!(
            go_away(&seen),
            Some(expected),
            "{:?}: {seen:?}",
            &frames[..frames.len().min(20)]
        );
    }
}

#[tokio::test]
async fn floods_end_in_enhance_your_calm() {
    const CALM: u8 = 11;
    // Otherwise a few pings would be too many.
    let options = ServerOptions {
        ping_min_time: Duration::ZERO,
        ping_without_stream: true,
        ..ServerOptions::default()
    };
    let server = serve(Handler::default(), options);
    let pings = frame(6, 0, 0, &[0; 8]).repeat(20_000);
    let settings = frame(4, 0, 0, &[]).repeat(20_000);
    let acknowledgements = frame(4, 1, 0, &[]).repeat(20_000);
    let priorities = frame(2, 0, 1, &[0, 0, 0, 3, 0]).repeat(20_000);
    let unknown = frame(99, 0, 1, &[1]).repeat(20_000);
    let go_aways = frame(7, 0, 0, &[0; 8]).repeat(20_000);
    let mut fields = REQUEST.to_vec();
    fields[2].1 = HANG;
    let block = block(&fields);
    let open_and_reset = |n: u32| {
        let stream = n * 2 + 1;
        [
            frame(1, 4, stream, &block),
            frame(3, 0, stream, &8_u32.to_be_bytes()),
        ]
        .concat()
    };
    let resets: Vec<u8> = (0..20_000).flat_map(open_and_reset).collect();
    // The same with data, and with resets that the server is made to send.
    let message = |stream| [frame(1, 4, stream, &block), frame(0, 1, stream, &[0; 5])].concat();
    let useful = |n: u32| [message(n * 2 + 1), frame(3, 0, n * 2 + 1, &[0; 4])].concat();
    let useful: Vec<u8> = (0..20_000).flat_map(useful).collect();
    let provoked = |n: u32| [message(n * 2 + 1), frame(8, 0, n * 2 + 1, &[0; 4])].concat();
    let provoked: Vec<u8> = (0..20_000).flat_map(provoked).collect();
    let open = frame(1, 4, 1, &block);
    let empty = [&open[..], &frame(0, 0, 1, &[]).repeat(20_000)].concat();
    let closed = [
        open,
        frame(3, 0, 1, &[0; 4]),
        frame(0, 0, 1, &[]).repeat(20_000),
    ]
    .concat();
    let endless = [frame(1, 0, 1, &[]), frame(9, 0, 1, &[]).repeat(20_000)].concat();
    let long = [
        frame(1, 0, 1, &[]),
        frame(9, 0, 1, &[0x82; 1000]).repeat(100),
    ]
    .concat();
    // Each of them changes the windows of a thousand streams.
    let streams = (0..1000_u32).flat_map(|n| frame(1, 4, n * 2 + 1, &block));
    let setting = |size: u8| frame(4, 0, 0, &[0, 4, 0, 0, 0, size]);
    let windows = [setting(1), setting(2)].concat().repeat(1000);
    let windows: Vec<u8> = streams.chain(windows).collect();
    for frames in [
        pings,
        settings,
        acknowledgements,
        priorities,
        unknown,
        go_aways,
        resets,
        useful,
        provoked,
        empty,
        closed,
        endless,
        long,
        windows,
    ] {
        let seen = converse(&server, &frames).await;
        // The answer is lost when the server closes before everything is sent.
        assert!(
            matches!(go_away(&seen), Some(CALM) | None),
            "{:?}",
            seen.last()
        );
        let mut again = TcpStream::connect(server.address).await.unwrap();
        drop(again.write_all(&[hello(), frames].concat()).await);
        read_to_end(&mut again).await;
    }
    call(&client(server.address), ECHO, b"x").await.unwrap();
}

#[tokio::test]
async fn a_client_that_pings_too_often_is_told_so() {
    const CALM: u8 = 11;
    let server = serve(Handler::default(), ServerOptions::default());
    let pings = |count| frame(6, 0, 0, &[0; 8]).repeat(count);
    let answers = |seen: &[(u8, u32, Vec<u8>)]| seen.iter().filter(|(kind, ..)| *kind == 6).count();
    let seen = converse(&server, &pings(3)).await;
    assert_eq!((answers(&seen), go_away(&seen)), (3, None));
    let seen = converse(&server, &pings(4)).await;
    assert_eq!(go_away(&seen), Some(CALM));
    let (_, _, payload) = seen.iter().find(|(kind, ..)| *kind == 7).unwrap();
    assert!(payload.ends_with(b"too_many_pings"), "{payload:?}");
    let permitted = serve(
        Handler::default(),
        ServerOptions {
            ping_min_time: Duration::from_nanos(1),
            ping_without_stream: true,
            ..ServerOptions::default()
        },
    );
    let seen = converse(&permitted, &pings(50)).await;
    assert_eq!((answers(&seen), go_away(&seen)), (50, None));
}

#[tokio::test]
async fn pings_after_answers_are_always_allowed() {
    let server = serve(Handler::default(), ServerOptions::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&hello()).await.unwrap();
    for n in 0..20 {
        let id = n * 2 + 1;
        let request = [frame(1, 4, id, &block(&REQUEST)), frame(0, 1, id, &[0; 5])];
        stream.write_all(&request.concat()).await.unwrap();
        // Up to the trailers of the answer.
        let mut end = false;
        while !end {
            let mut head = [0; 9];
            within("a frame", stream.read_exact(&mut head))
                .await
                .unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            stream.read_exact(&mut payload).await.unwrap();
            assert_ne!(head[3], 7, "{payload:?}");
            end = head[3] == 1 && head[4] & 1 != 0;
        }
        // The first is excused, the second is one strike, which the next answer strikes out.
        stream
            .write_all(&frame(6, 0, 0, &[0; 8]).repeat(2))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn settings_that_do_not_come_end_the_connection() {
    let options = ServerOptions {
        handshake_timeout: Duration::from_millis(50),
        ..ServerOptions::default()
    };
    let server = serve(Handler::default(), options);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&hello()[..24]).await.unwrap();
    read_to_end(&mut stream).await;
    // Anything else in their place is a broken rule.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let bytes = [&hello()[..24], &frame(6, 0, 0, &[0; 8])].concat();
    stream.write_all(&bytes).await.unwrap();
    read_to_end(&mut stream).await;
    let settled = client(server.address);
    call(&settled, ECHO, b"x").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    call(&settled, ECHO, b"x").await.unwrap();
}

#[tokio::test]
async fn pings_between_requests_are_no_flood() {
    let handler = Handler::default();
    let options = ServerOptions {
        ping_min_time: Duration::ZERO,
        ..ServerOptions::default()
    };
    let server = serve(handler.clone(), options);
    let block = block(&REQUEST);
    let request = |n: u32| {
        let stream = n * 2 + 1;
        let data = frame(0, 1, stream, &[0; 5]);
        [frame(1, 4, stream, &block), data, frame(6, 0, 0, &[0; 8])].concat()
    };
    let frames: Vec<u8> = (0..6000).flat_map(request).collect();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (mut read, mut write) = stream.split();
    let frames = [hello(), frames].concat();
    let talking = async {
        write.write_all(&frames).await.unwrap();
        eventually("every request is handled", || handler.called() == 6000).await;
    };
    let mut answers = Vec::new();
    tokio::select! {
        () = talking => {}
        _ = read.read_to_end(&mut answers) => panic!("the server closed: {}", handler.called()),
    }
}

#[tokio::test]
async fn headers_larger_than_allowed_are_refused() {
    let server = serve(Handler::default(), ServerOptions::default());
    let large = "x".repeat(40_000);
    let mut fields = REQUEST.to_vec();
    fields.push(("x-large", &large));
    fields.push(("x-larger", &large));
    let whole = block(&fields);
    // Longer than a block may be, in pieces.
    let pieces: Vec<_> = whole.chunks(16_000).collect();
    let last = pieces.len() - 1;
    let frames: Vec<u8> = pieces
        .iter()
        .enumerate()
        .flat_map(|(index, piece)| {
            frame(
                if index == 0 { 1 } else { 9 },
                if index == last { 4 } else { 0 },
                1,
                piece,
            )
        })
        .collect();
    assert_eq!(go_away(&converse(&server, &frames).await), Some(11));
    // Short when compressed, long when not: one header from the table a thousand times.
    let mut small = vec![0x40, 1, b'a', 100];
    small.extend([b'x'; 100]);
    small.extend([0xbe; 1000]);
    let small = [block(&REQUEST), small].concat();
    let seen = converse(&server, &frame(1, 5, 1, &small)).await;
    let answer = &seen
        .iter()
        .find(|(kind, stream, _)| (*kind, *stream) == (1, 1))
        .unwrap()
        .2;
    assert!(
        String::from_utf8_lossy(answer).contains("headers are larger than 65536"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused() {
    let handler = Handler::default();
    let options = ServerOptions {
        max_concurrent_streams: 2,
        ..ServerOptions::default()
    };
    let server = serve(handler.clone(), options);
    let open = |stream| frame(1, 4, stream, &block(&REQUEST));
    let seen = converse(
        &server,
        &[open(1), open(3), open(5), frame(0, 1, 1, &[0; 5])].concat(),
    )
    .await;
    assert_eq!(reset(&seen, 5), Some(7), "{seen:?}");
    assert_eq!(handler.called(), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody_but_itself() {
    let server = serve(Handler::default(), ServerOptions::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&hello()).await.unwrap();
    // Its window is large, its appetite is not: 200 answers of 100 KB are never read.
    stream
        .write_all(&frame(8, 0, 0, &(1_u32 << 30).to_be_bytes()))
        .await
        .unwrap();
    let body = [&[0, 0, 1, 0x86, 0xa0][..], &[7; 100_000]].concat();
    let requests = async {
        for n in 0..200_u32 {
            let request = [
                frame(1, 4, n * 2 + 1, &block(&REQUEST)),
                frame(0, 1, n * 2 + 1, &body),
            ];
            stream.write_all(&request.concat()).await.unwrap();
        }
    };
    // It may well be that the server stops reading: that is the point.
    drop(tokio::time::timeout(Duration::from_millis(300), requests).await);
    call(&client(server.address), ECHO, b"x").await.unwrap();
}

#[tokio::test]
async fn answers_and_requests_larger_than_every_window_arrive() {
    let server = serve(Handler::default(), ServerOptions::default());
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(1000)
        .initial_connection_window_size(70_000);
    let (sender, connection) = builder.handshake::<_, Bytes>(stream).await.unwrap();
    tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request =
        Request::post(format!("http://x{ECHO}")).header("content-type", "application/grpc");
    let (response, mut stream) = sender
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    let message: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let framed = [&[0][..], &(message.len() as u32).to_be_bytes(), &message].concat();
    stream.send_data(framed.clone().into(), true).unwrap();
    let mut body = within("an answer", response).await.unwrap().into_body();
    let mut read = Vec::new();
    while let Some(data) = within("data", body.data()).await {
        let data = data.unwrap();
        read.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    assert!(read == framed, "{} bytes of {}", read.len(), framed.len());
    assert_eq!(
        within("trailers", body.trailers()).await.unwrap().unwrap()["grpc-status"],
        "0"
    );
}

/// An h2 server with these settings that echoes.
async fn echoing(builder: h2::server::Builder) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
            tokio::spawn(async move {
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    tokio::spawn(async move {
                        let mut body = request.into_body();
                        let mut read = Vec::new();
                        while let Some(data) = body.data().await {
                            let Ok(data) = data else { return };
                            body.flow_control().release_capacity(data.len()).unwrap();
                            read.extend_from_slice(&data);
                        }
                        let response =
                            http::Response::builder().header("content-type", "application/grpc");
                        let mut stream = respond
                            .send_response(response.body(()).unwrap(), false)
                            .unwrap();
                        stream.send_data(read.into(), false).unwrap();
                        let mut trailers = http::HeaderMap::new();
                        trailers.insert("grpc-status", "0".parse().unwrap());
                        stream.send_trailers(trailers).unwrap();
                    });
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn servers_with_small_limits_are_obeyed() {
    let mut tiny = h2::server::Builder::new();
    tiny.initial_window_size(1000)
        .max_concurrent_streams(1)
        .header_table_size(0);
    let mut usual = h2::server::Builder::new();
    usual.max_frame_size(1 << 20).header_table_size(100);
    for builder in [tiny, usual] {
        let client = client(echoing(builder).await);
        let calls = (0..20_usize).map(|n| {
            let text: Vec<u8> = (0..n * 9000).map(|i| (i + n) as u8).collect();
            let client = &client;
            async move { assert!(call(client, ECHO, &text).await.unwrap() == text, "{n}") }
        });
        within("all answers", futures_util::future::join_all(calls)).await;
    }
}

#[tokio::test]
async fn requests_given_up_leave_the_connection_usable() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let client = client(server.address);
    for _ in 0..50 {
        let hanging = call(&client, HANG, &[7; 50_000]);
        assert!(
            tokio::time::timeout(Duration::from_millis(3), hanging)
                .await
                .is_err()
        );
    }
    assert_eq!(call(&client, ECHO, b"x").await.unwrap(), "x");
    eventually("the handlers are dropped", || handler.hanging() == 0).await;
    assert_eq!(handler.budget.held(), 0);
}

#[tokio::test]
async fn the_usual_answer_is_shared_and_others_are_told_apart() {
    let server = serve(Handler::default(), ServerOptions::default());
    let client = client(server.address);
    let first = call(&client, ECHO, b"same").await.unwrap();
    let second = call(&client, ECHO, b"same").await.unwrap();
    assert_eq!(first.as_ptr(), second.as_ptr());
    assert_eq!(call(&client, ECHO, b"else").await.unwrap(), "else");
    assert_eq!(first, "same");
}

#[tokio::test]
async fn a_server_that_forgets_its_settings_is_no_server() {
    let address = answering(&[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).await;
    let options = ClientOptions::plaintext(address.to_string().parse().unwrap());
    let status = call(&Client::new(options), ECHO, b"x").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}
