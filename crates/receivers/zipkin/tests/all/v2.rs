//! What spans of Zipkin v2 become.

use crate::support::{JSON, PROTOBUF, Setup, spans};

const IDS: &str = "'traceId':'5af7183fb1d4cf5f','id':'352bff9a74ca9ad2'";
const IDS_OUT: &str = "'traceId':'00000000000000005af7183fb1d4cf5f','spanId':'352bff9a74ca9ad2'";

#[tokio::test]
async fn every_part_of_a_span_finds_its_place() {
    let setup = Setup::new("").await;
    let json = setup
        .v2("[{'traceId':'5af7183fb1d4cf5f5af7183fb1d4cf5f','id':'352bff9a74ca9ad2','parentId':'6b221d5bc9e6496c',
            'name':'get /api','kind':'CLIENT','timestamp':1556604172355737,'duration':1431,'shared':true,'debug':true,
            'localEndpoint':{'serviceName':'backend','ipv4':'192.168.99.1','port':3306},
            'remoteEndpoint':{'serviceName':'db','ipv4':'172.19.0.2','ipv6':'2001:db8::c001','port':58648},
            'annotations':[{'timestamp':1556604172355738,'value':'foo'},{'timestamp':1556604172355739,'value':'bar|{\\\"a\\\":1,\\\"b\\\":1.5,\\\"c\\\":true,\\\"d\\\":\\\"x|y\\\",\\\"e\\\":[]}|3'}],
            'tags':{'http.method':'GET','clnt/finagle.version':'6.45.0','host.name':'h1','otel.library.name':'lib','otel.library.version':'1.2',
            'w3c.tracestate':'a=b','otel.status_code':'STATUS_CODE_ERROR','otel.status_description':'oops'}}]")
        .await;
    assert_eq!(
        json,
        "{'resourceSpans':[{'resource':{'attributes':[\
         {'key':'service.name','value':{'stringValue':'backend'}},\
         {'key':'host.name','value':{'stringValue':'h1'}}]},\
         'scopeSpans':[{'scope':{'name':'lib','version':'1.2'},'spans':[{\
         'traceId':'5af7183fb1d4cf5f5af7183fb1d4cf5f','spanId':'352bff9a74ca9ad2','traceState':'a=b',\
         'parentSpanId':'6b221d5bc9e6496c','name':'get /api','kind':3,\
         'startTimeUnixNano':'1556604172355737000','endTimeUnixNano':'1556604172357168000','attributes':[\
         {'key':'http.method','value':{'stringValue':'GET'}},\
         {'key':'clnt/finagle.version','value':{'stringValue':'6.45.0'}},\
         {'key':'net.host.ip','value':{'stringValue':'192.168.99.1'}},\
         {'key':'net.host.port','value':{'intValue':'3306'}},\
         {'key':'peer.service','value':{'stringValue':'db'}},\
         {'key':'net.peer.ip','value':{'stringValue':'2001:db8::c001'}},\
         {'key':'net.peer.port','value':{'intValue':'58648'}}],\
         'events':[{'timeUnixNano':'1556604172355738000','name':'foo'},\
         {'timeUnixNano':'1556604172355739000','name':'bar','attributes':[\
         {'key':'a','value':{'intValue':'1'}},{'key':'b','value':{'doubleValue':1.5}},\
         {'key':'c','value':{'boolValue':true}},{'key':'d','value':{'stringValue':'x|y'}}],\
         'droppedAttributesCount':3}],'status':{'message':'oops','code':2}}]}]}]}"
    );
    setup.stop().await;
}

#[tokio::test]
async fn spans_are_grouped_by_service_and_scope_in_the_order_of_their_names() {
    let setup = Setup::new("").await;
    let span = |id: u32, service: &str, tags: &str| {
        format!(
            "{{'traceId':'1','id':'{id}','localEndpoint':{{'serviceName':'{service}'}},'tags':{{{tags}}}}}"
        )
    };
    let body = [
        span(1, "b", ""),
        span(2, "a", "'otel.library.name':'y'"),
        span(3, "", "'service.name':'lost','x':'y'"),
        span(4, "a", "'otel.scope.name':'x','otel.scope.version':'2'"),
        span(5, "b", "'host.name':'late'"),
        span(
            6,
            "c",
            "'otlp.service.name.source':'faas.name','otel.library.version':'3'",
        ),
    ];
    let json = setup.v2(&format!("[{}]", body.join(","))).await;
    let mut seen = Vec::new();
    for entry in json.split("{'resource':").skip(1) {
        let ids: Vec<_> = entry
            .split("'spanId':'000000000000000")
            .skip(1)
            .map(|id| &id[..1])
            .collect();
        let resource = &entry[..entry.find(",'scopeSpans'").unwrap()];
        seen.push((resource.to_owned(), ids.concat()));
    }
    let attribute = |name: &str, value: &str| {
        format!("{{'attributes':[{{'key':'{name}','value':{{'stringValue':'{value}'}}}}]}}")
    };
    assert_eq!(
        seen,
        [
            ("{}".to_owned(), "3".to_owned()),
            (attribute("service.name", "a"), "42".to_owned()),
            (attribute("service.name", "b"), "15".to_owned()),
            (attribute("faas.name", "c"), "6".to_owned()),
        ],
        "{json}"
    );
    assert!(
        json.contains("'scope':{'name':'x','version':'2'}"),
        "{json}"
    );
    assert!(!json.contains("lost") && !json.contains("late"), "{json}");
    setup.stop().await;
}

#[tokio::test]
async fn kinds_statuses_and_times_are_those_of_the_collector() {
    let setup = Setup::new("").await;
    let table = [
        (
            "'kind':'SERVER','timestamp':1",
            "'kind':2,'startTimeUnixNano':'1000','endTimeUnixNano':'1000'",
        ),
        (
            "'kind':'PRODUCER','timestamp':1",
            "'kind':4,'startTimeUnixNano':'1000','endTimeUnixNano':'1000'",
        ),
        (
            "'kind':'CONSUMER','timestamp':1",
            "'kind':5,'startTimeUnixNano':'1000','endTimeUnixNano':'1000'",
        ),
        (
            "'kind':'server','timestamp':1,'tags':{'span.kind':'internal'}",
            "'kind':1,'startTimeUnixNano':'1000','endTimeUnixNano':'1000'",
        ),
        (
            "'timestamp':1,'tags':{'span.kind':'client'}",
            "'startTimeUnixNano':'1000','endTimeUnixNano':'1000'",
        ),
        (
            "'timestamp':1,'tags':{'error':'true'}",
            "'startTimeUnixNano':'1000','endTimeUnixNano':'1000','status':{'code':2}",
        ),
        (
            "'timestamp':1,'tags':{'error':'','otel.status_code':'Ok'}",
            "'startTimeUnixNano':'1000','endTimeUnixNano':'1000','attributes':[{'key':'error','value':{'stringValue':''}}],'status':{'code':2}",
        ),
        (
            "'timestamp':1,'tags':{'otel.status_description':'kept'}",
            "'startTimeUnixNano':'1000','endTimeUnixNano':'1000','attributes':[{'key':'otel.status_description','value':{'stringValue':'kept'}}]",
        ),
        (
            "'duration':5",
            "'endTimeUnixNano':'5000','attributes':[{'key':'otel.zipkin.absentField.startTime','value':{'boolValue':true}}]",
        ),
        (
            "'timestamp':1,'parentId':'352bff9a74ca9ad2'",
            "'startTimeUnixNano':'1000','endTimeUnixNano':'1000'",
        ),
    ];
    for (keys, expected) in table {
        let json = setup.v2(&format!("[{{{IDS},{keys}}}]")).await;
        let kind_and_on = format!("{{{IDS_OUT},{expected}}}");
        assert_eq!(spans(&json), kind_and_on, "{keys}");
    }
    setup.stop().await;
}

#[tokio::test]
async fn links_are_read_from_their_tags() {
    let setup = Setup::new("").await;
    let link = "5af7183fb1d4cf5f5af7183fb1d4cf5f|6b221d5bc9e6496c|a=b|{\\\"k\\\":\\\"v|w\\\"}|2";
    let json = setup
        .v2(&format!(
            "[{{{IDS},'timestamp':1,'tags':{{'otlp.link.0':'{link}','otlp.link.1':'short','otlp.link.3':'kept'}}}}]"
        ))
        .await;
    let expected = "'links':[{'traceId':'5af7183fb1d4cf5f5af7183fb1d4cf5f','spanId':'6b221d5bc9e6496c',\
                    'traceState':'a=b','attributes':[{'key':'k','value':{'stringValue':'v|w'}}],\
                    'droppedAttributesCount':2}]";
    assert!(json.contains(expected), "{json}");
    assert!(
        json.contains("otlp.link.3") && !json.contains("otlp.link.1"),
        "{json}"
    );
    setup.stop().await;
}

#[tokio::test]
async fn texts_become_numbers_only_if_that_is_configured() {
    let body =
        format!("[{{{IDS},'timestamp':1,'tags':{{'a':'1','b':'2.5','c':'true','d':'1e3'}}}}]");
    for (keys, expected) in [
        (
            "",
            "[{'key':'a','value':{'stringValue':'1'}},{'key':'b','value':{'stringValue':'2.5'}},\
             {'key':'c','value':{'stringValue':'true'}},{'key':'d','value':{'stringValue':'1e3'}}]",
        ),
        (
            ", parse_string_tags: true",
            "[{'key':'a','value':{'intValue':'1'}},{'key':'b','value':{'doubleValue':2.5}},\
             {'key':'c','value':{'boolValue':true}},{'key':'d','value':{'stringValue':'1e3'}}]",
        ),
    ] {
        let setup = Setup::new(keys).await;
        let json = setup.v2(&body).await;
        assert!(json.contains(expected), "{json}");
        setup.stop().await;
    }
}

#[tokio::test]
async fn names_in_any_case_nulls_repeated_and_unknown_names_are_read_as_go_reads_them() {
    let setup = Setup::new("").await;
    let json = setup
        .v2("[null,{'TRACEID':'1','Id':'2','name':'first','name':'second','timestamp':1,'kind':null,
              'tags':{'a':'1','b':null,'a':'2'},'localEndpoint':{},'remoteEndpoint':null,
              'annotations':null,'unknown':{'x':[1,{}]}}]")
        .await;
    assert_eq!(
        spans(&json),
        "{'traceId':'00000000000000000000000000000001','spanId':'0000000000000002','name':'second',\
         'startTimeUnixNano':'1000','endTimeUnixNano':'1000',\
         'attributes':[{'key':'a','value':{'stringValue':'2'}},{'key':'b','value':{'stringValue':''}}]}"
    );
    setup.stop().await;
}

#[tokio::test]
async fn nothing_is_taken_and_nobody_is_bothered_with_it() {
    let setup = Setup::new("").await;
    for body in ["[]", " null ", "[null]"] {
        let answer = setup
            .send("POST /api/v2/spans", JSON, body.as_bytes())
            .await;
        assert_eq!(answer.status, 202, "{body}");
    }
    assert_eq!(setup.recorder.calls(), 0);
    setup.stop().await;
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    assert!(length < 128);
    [&[number << 3 | 2, length], bytes].concat()
}

#[tokio::test]
async fn protobuf_says_the_same_as_json() {
    let setup = Setup::new("").await;
    let mut span = field(1, &[7; 16]);
    span.extend(field(2, &[0, 0, 0, 0, 0, 0, 0, 5]));
    span.extend(field(3, &[0, 0, 0, 0, 0, 0, 0, 6]));
    span.extend([4 << 3, 2]);
    span.extend(field(5, b"get"));
    span.push(6 << 3 | 1);
    span.extend(9_u64.to_le_bytes());
    span.extend([7 << 3, 3]);
    let local = [
        field(1, b"svc"),
        field(2, &[127, 0, 0, 1]),
        vec![4 << 3, 80],
    ]
    .concat();
    span.extend(field(8, &local));
    span.extend(field(
        9,
        &field(3, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1]),
    ));
    let annotation = [
        vec![1 << 3 | 1],
        8_u64.to_le_bytes().to_vec(),
        field(2, b"here"),
    ]
    .concat();
    span.extend(field(10, &annotation));
    span.extend(field(11, &[field(1, b"k"), field(2, b"v")].concat()));
    let body = field(1, &span);
    let json = setup.taken("/api/v2/spans", PROTOBUF, &body).await;
    assert_eq!(
        json,
        "{'resourceSpans':[{'resource':{'attributes':[{'key':'service.name','value':{'stringValue':'svc'}}]},\
         'scopeSpans':[{'scope':{},'spans':[{'traceId':'07070707070707070707070707070707',\
         'spanId':'0000000000000006','parentSpanId':'0000000000000005','name':'get','kind':2,\
         'startTimeUnixNano':'9000','endTimeUnixNano':'12000','attributes':[\
         {'key':'k','value':{'stringValue':'v'}},{'key':'net.host.ip','value':{'stringValue':'127.0.0.1'}},\
         {'key':'net.host.port','value':{'intValue':'80'}},{'key':'net.peer.ip','value':{'stringValue':'10.0.0.1'}}],\
         'events':[{'timeUnixNano':'8000','name':'here'}]}]}]}]}"
    );
    setup.stop().await;
}
