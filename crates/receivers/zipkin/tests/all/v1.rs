//! What spans of Zipkin v1 become.

use crate::support::{Setup, THRIFT, spans};

#[tokio::test]
async fn annotations_say_kind_times_service_and_events() {
    let setup = Setup::new("").await;
    let json = setup
        .v1("[{'traceId':'5af7183fb1d4cf5f','id':'352bff9a74ca9ad2','parentId':'6b221d5bc9e6496c','name':'get',
            'annotations':[
              {'timestamp':20,'value':'note','endpoint':{'serviceName':'other'}},
              {'timestamp':10,'value':'sr','endpoint':{'serviceName':'svc','ipv4':'1.2.3.4','port':80}},
              {'timestamp':40,'value':'ss','endpoint':{'serviceName':'late'}},
              {'timestamp':99,'value':''}, null],
            'binaryAnnotations':[
              {'key':'http.status_code','value':'503'},{'key':'lc','value':'comp'},
              {'key':'error','value':'x','endpoint':{'serviceName':'z'}},{'key':'http.status_code','value':'404'}]}]")
        .await;
    assert_eq!(
        json,
        "{'resourceSpans':[{'resource':{'attributes':[{'key':'service.name','value':{'stringValue':'svc'}},\
         {'key':'ipv4','value':{'stringValue':'1.2.3.4'}},{'key':'port','value':{'stringValue':'80'}}]},\
         'scopeSpans':[{'scope':{},'spans':[{'traceId':'00000000000000005af7183fb1d4cf5f','spanId':'352bff9a74ca9ad2',\
         'parentSpanId':'6b221d5bc9e6496c','name':'get','kind':2,'startTimeUnixNano':'10000','endTimeUnixNano':'40000',\
         'attributes':[{'key':'http.status_code','value':{'stringValue':'404'}},{'key':'component','value':{'stringValue':'comp'}}],\
         'events':[{'timeUnixNano':'20000','name':'note'}],'status':{'code':2}}]}]}]}"
    );
    setup.stop().await;
}

#[tokio::test]
async fn the_time_of_the_span_wins_over_those_of_its_annotations_and_none_is_now() {
    let setup = Setup::new(", parse_string_tags: true").await;
    let json = setup
        .v1("[{'traceId':'5af7183fb1d4cf5f','id':'352bff9a74ca9ad2','timestamp':5,'duration':7,
            'annotations':[{'timestamp':1,'value':'cs'}],
            'binaryAnnotations':[{'key':'n','value':'5','endpoint':{'serviceName':'from binary'}}]}]")
        .await;
    assert!(json.contains("'stringValue':'from binary'"), "{json}");
    assert!(
        spans(&json).contains("'kind':3,'startTimeUnixNano':'5000','endTimeUnixNano':'12000'"),
        "{json}"
    );
    assert!(
        json.contains("{'key':'n','value':{'intValue':'5'}}"),
        "{json}"
    );
    let json = setup
        .v1("[{'traceId':'5af7183fb1d4cf5f','id':'352bff9a74ca9ad2'}]")
        .await;
    assert!(json.contains("'stringValue':'unknown-service'"), "{json}");
    assert!(json.contains("otel.zipkin.absentField.startTime"), "{json}");
    let text = spans(&json).split("'startTimeUnixNano':'").nth(1).unwrap();
    let start: u64 = text.split('\'').next().unwrap().parse().unwrap();
    assert!(start > 1_700_000_000_000_000_000, "{json}");
    assert!(
        json.contains(&format!("'endTimeUnixNano':'{start}'")),
        "{json}"
    );
    setup.stop().await;
}

struct Writer(Vec<u8>);

impl Writer {
    fn head(&mut self, kind: u8, number: u8) -> &mut Self {
        self.0.extend([kind, 0, number]);
        self
    }

    fn i64(&mut self, number: u8, value: i64) -> &mut Self {
        self.head(10, number).0.extend(value.to_be_bytes());
        self
    }

    fn i32(&mut self, number: u8, value: i32) -> &mut Self {
        self.head(8, number).0.extend(value.to_be_bytes());
        self
    }

    fn text(&mut self, number: u8, text: &[u8]) -> &mut Self {
        self.head(11, number)
            .0
            .extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        self.0.extend(text);
        self
    }

    fn list(&mut self, number: u8, structs: &[Vec<u8>]) -> &mut Self {
        self.head(15, number).0.push(12);
        self.0
            .extend(u32::try_from(structs.len()).unwrap().to_be_bytes());
        self.0.extend(structs.concat());
        self
    }

    fn structure(&mut self, number: u8, fields: &[u8]) -> &mut Self {
        self.head(12, number).0.extend(fields);
        self
    }

    fn end(&mut self) -> Vec<u8> {
        self.0.push(0);
        std::mem::take(&mut self.0)
    }
}

fn write() -> Writer {
    Writer(Vec::new())
}

/// One span in Thrift's binary protocol.
pub(crate) fn thrift() -> Vec<u8> {
    let mut host = write();
    host.i32(1, 0x7f00_0001)
        .head(6, 2)
        .0
        .extend(80_i16.to_be_bytes());
    let host = host.text(3, b"svc").text(4, &[0; 16]).end();
    let annotations = [
        write().i64(1, 10).text(2, b"cr").structure(3, &host).end(),
        write().i64(1, 12).text(2, b"event").end(),
    ];
    let binary = |name: &[u8], kind: i32, value: &[u8]| {
        write().text(1, name).text(2, value).i32(3, kind).end()
    };
    let binaries = [
        binary(b"bool", 0, &[1]),
        binary(b"bytes", 1, b"hi"),
        binary(b"i16", 2, &[0xff, 0xff]),
        binary(b"i32", 3, &[0, 0, 0, 2]),
        binary(b"i64", 4, &[0xff; 8]),
        binary(b"double", 5, &1.5_f64.to_be_bytes()),
        binary(b"text", 6, b"x"),
        binary(b"short", 4, &[1]),
        binary(b"odd", 9, b""),
    ];
    let span = write()
        .i64(1, 1)
        .text(3, b"get")
        .i64(4, 2)
        .i64(5, 3)
        .list(6, &annotations)
        .list(8, &binaries)
        .i64(10, 100)
        .i64(11, 5)
        .i64(12, 4)
        .structure(99, &[0])
        .end();
    let mut body = vec![12, 0, 0, 0, 1];
    body.extend(span);
    body
}

#[tokio::test]
async fn thrift_is_read_with_values_of_every_type() {
    let setup = Setup::new("").await;
    let json = setup.taken("/api/v1/spans", THRIFT, &thrift()).await;
    assert_eq!(
        json,
        "{'resourceSpans':[{'resource':{'attributes':[{'key':'service.name','value':{'stringValue':'svc'}},\
         {'key':'ipv4','value':{'stringValue':'127.0.0.1'}},{'key':'ipv6','value':{'stringValue':'::'}},\
         {'key':'port','value':{'stringValue':'80'}}]},'scopeSpans':[{'scope':{},'spans':[{\
         'traceId':'00000000000000040000000000000001','spanId':'0000000000000002','parentSpanId':'0000000000000003',\
         'name':'get','kind':3,'startTimeUnixNano':'100000','endTimeUnixNano':'105000','attributes':[\
         {'key':'bool','value':{'boolValue':true}},{'key':'bytes','value':{'stringValue':'aGk='}},\
         {'key':'i16','value':{'intValue':'65535'}},{'key':'i32','value':{'intValue':'2'}},\
         {'key':'i64','value':{'intValue':'-1'}},{'key':'double','value':{'doubleValue':1.5}},\
         {'key':'text','value':{'stringValue':'x'}},\
         {'key':'short','value':{'stringValue':'<not enough bytes representing the number>'}},\
         {'key':'odd','value':{'stringValue':'<unknown zipkin v1 binary annotation type (9)>'}}],\
         'events':[{'timeUnixNano':'12000','name':'event'}]}]}]}]}"
    );
    setup.stop().await;
}
