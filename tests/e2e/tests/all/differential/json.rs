//! OTLP/JSON in, protobuf out, and the other way round.

use headwater_e2e::clients::to_json;
use headwater_e2e::http::Request;
use headwater_e2e::{Items, Message, Signal, samples, yaml};

use super::Pair;

/// Where ours reads otherwise on purpose. The reasons are in docs/differences.md.
const DIFFERENT: &[&str] = &[
    "an integer with an exponent",
    "an integer with a zero fraction",
    "the scopes of old",
];

/// Spellings of OTLP/JSON: name, signal, and a body. The quotes are single ones.
const SPELLINGS: &[(&str, Signal, &str)] = &[
    (
        "snake case",
        Signal::Traces,
        "{'resource_spans':[{'schema_url':'r','scope_spans':[{'schema_url':'s','spans':[{\
         'trace_id':'5b8efff798038103d269b633813fc60c','span_id':'eee19b7ec3c1b174',\
         'parent_span_id':'eee19b7ec3c1b173','trace_state':'a=b','start_time_unix_nano':'1',\
         'end_time_unix_nano':2,'dropped_attributes_count':1,'dropped_events_count':2,\
         'dropped_links_count':3,'events':[{'time_unix_nano':'5','dropped_attributes_count':9}],\
         'attributes':[{'key':'a','value':{'string_value':'x'}},{'key':'b','value':\
         {'array_value':{'values':[{'int_value':'1'}]}}}]}]}]}]}",
    ),
    (
        "numbers as text and as numbers",
        Signal::Traces,
        "{'resourceSpans':[{'resource':{'droppedAttributesCount':'7'},'scopeSpans':[{'spans':[{\
         'startTimeUnixNano':1,'endTimeUnixNano':'18446744073709551615','flags':'1','kind':2,\
         'attributes':[{'key':'a','value':{'intValue':-5}},{'key':'b','value':{'intValue':'-5'}},\
         {'key':'c','value':{'doubleValue':'1.5'}},{'key':'d','value':{'doubleValue':2}}]}]}]}]}",
    ),
    (
        "an integer with an exponent",
        Signal::Traces,
        "{'resourceSpans':[{'scopeSpans':[{'spans':[{'attributes':[{'key':'a','value':\
         {'intValue':1e3}}]}]}]}]}",
    ),
    (
        "an integer with a zero fraction",
        Signal::Traces,
        "{'resourceSpans':[{'scopeSpans':[{'spans':[{'attributes':[{'key':'a','value':\
         {'intValue':1.0}}]}]}]}]}",
    ),
    (
        "doubles that are none",
        Signal::Metrics,
        "{'resourceMetrics':[{'scopeMetrics':[{'metrics':[{'name':'m','gauge':{'dataPoints':[\
         {'asDouble':'NaN'},{'asDouble':'Infinity'},{'asDouble':'-Infinity'},{'asDouble':'1e2'},\
         {'asInt':'7'},{'asInt':7},{'asDouble':1}]}}]}]}]}",
    ),
    (
        "enums by name",
        Signal::Logs,
        "{'resourceLogs':[{'scopeLogs':[{'logRecords':[{'severityNumber':\
         'SEVERITY_NUMBER_ERROR'},{'severityNumber':9}]}]}]}",
    ),
    (
        "an enum by its number as text",
        Signal::Logs,
        "{'resourceLogs':[{'scopeLogs':[{'logRecords':[{'severityNumber':'17'}]}]}]}",
    ),
    (
        "temporality by name and by number",
        Signal::Metrics,
        "{'resourceMetrics':[{'scopeMetrics':[{'metrics':[{'name':'m','sum':{\
         'aggregationTemporality':'AGGREGATION_TEMPORALITY_DELTA','isMonotonic':true,\
         'dataPoints':[{'asInt':'1'}]}},{'name':'n','histogram':{'aggregationTemporality':2,\
         'dataPoints':[{'count':'2','sum':3,'bucketCounts':['1',1],'explicitBounds':[0.5],\
         'min':1,'max':'2'}]}}]}]}]}",
    ),
    (
        "unknown keys at every level",
        Signal::Logs,
        "{'x':1,'resourceLogs':[{'x':[{}],'resource':{'x':null,'attributes':[{'x':{},'key':'a',\
         'value':{'x':1,'stringValue':'b'}}]},'scopeLogs':[{'x':{'y':[1]},'scope':{'x':1},\
         'logRecords':[{'x':'y','body':{'stringValue':'b'}}]}]}]}",
    ),
    (
        "nulls for messages",
        Signal::Logs,
        "{'resourceLogs':[{'resource':null,'scopeLogs':[{'scope':null,'logRecords':[{'body':null,\
         'attributes':null,'severityText':'x'}]}]}]}",
    ),
    (
        "values of every type",
        Signal::Logs,
        "{'resourceLogs':[{'scopeLogs':[{'logRecords':[{'body':{'kvlistValue':{'values':[\
         {'key':'a','value':{'bytesValue':'AAH/'}},{'key':'b','value':{'arrayValue':{}}},\
         {'key':'c','value':{}},{'key':'d'},{'key':'e','value':{'boolValue':false}},\
         {'key':'f','value':{'kvlistValue':{}}}]}}}]}]}]}",
    ),
    (
        "the last of two values wins",
        Signal::Logs,
        "{'resourceLogs':[{'scopeLogs':[{'logRecords':[{'body':{'stringValue':'a',\
         'intValue':'5'}}]}]}]}",
    ),
    (
        "a key given twice",
        Signal::Logs,
        "{'resourceLogs':[{'scopeLogs':[{'logRecords':[{'severityText':'a','severityText':'b'}\
         ]}]}]}",
    ),
    (
        "escapes",
        Signal::Logs,
        "{'resourceLogs':[{'scopeLogs':[{'logRecords':[{'body':{'stringValue':\
         '\\u00e9\\ud83c\\udf0d\\n\\t\\/\\\\\\u0000'}}]}]}]}",
    ),
    (
        "white space and upper case ids",
        Signal::Logs,
        " \n\t{ 'resourceLogs' : [ { 'scopeLogs' : [ { 'logRecords' : [ { 'traceId' : \
         '5B8EFFF798038103D269B633813FC60C' , 'spanId' : '' } ] } ] } ] } \r\n",
    ),
    (
        "exponential histogram and summary",
        Signal::Metrics,
        "{'resourceMetrics':[{'scopeMetrics':[{'metrics':[{'name':'e','exponentialHistogram':{\
         'dataPoints':[{'scale':-1,'zeroCount':'2','zeroThreshold':0.1,'positive':{'offset':-3,\
         'bucketCounts':['1','2']},'negative':{},'count':5}]}},{'name':'s','summary':{\
         'dataPoints':[{'count':'1','sum':2.5,'quantileValues':[{'quantile':0.5,'value':1}]}]}}]}\
         ]}]}",
    ),
    (
        "exemplars",
        Signal::Metrics,
        "{'resourceMetrics':[{'scopeMetrics':[{'metrics':[{'name':'s','sum':{'dataPoints':[{\
         'asInt':'1','exemplars':[{'timeUnixNano':'3','asDouble':0.5,'spanId':'eee19b7ec3c1b174',\
         'traceId':'5b8efff798038103d269b633813fc60c','filteredAttributes':[{'key':'k','value':\
         {'stringValue':'v'}}]}]}]}}]}]}]}",
    ),
    (
        "the scopes of old",
        Signal::Traces,
        "{'resourceSpans':[{'instrumentationLibrarySpans':[{'instrumentationLibrary':{'name':\
         'l'},'spans':[{'name':'old'}]}]}]}",
    ),
];

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn json_is_read_the_same() {
    let pair = Pair::start(&[
        yaml::OTLP_IN,
        yaml::HTTP_OUT,
        &yaml::pipelines("", "otlp_http"),
    ])
    .await;
    let mut requests = Vec::new();
    for signal in Signal::ALL {
        requests.push((
            "everything",
            signal,
            to_json(&samples::rich(signal, "json")).await,
        ));
    }
    for (name, signal, body) in SPELLINGS {
        requests.push((name, *signal, body.replace('\'', "\"").into_bytes()));
    }
    let mut wrong = Vec::new();
    for (name, signal, body) in requests {
        let mut outcomes = Vec::new();
        for side in pair.sides() {
            let before = side.sink.requests().len();
            let request = Request::json(signal, body.clone());
            let answer = request.send(side.collector.http()).await.unwrap();
            let arrived = side.sink.requests();
            let arrived = Items::of(arrived[before..].iter().map(|request| &request.message));
            outcomes.push((answer.status, answer.text(), arrived));
        }
        let (ours, theirs) = (&outcomes[0], &outcomes[1]);
        println!("{name}: theirs {} with {:?}", theirs.0, theirs.2);
        let same = ours.0 == theirs.0 && ours.2 == theirs.2;
        if same == DIFFERENT.contains(&name) {
            wrong.push(format!(
                "{name}\n  theirs {} {}\n  ours   {} {}\n  {}",
                theirs.0,
                theirs.1,
                ours.0,
                ours.1,
                ours.2.difference(&theirs.2).unwrap_or_default()
            ));
        }
    }
    pair.stop().await;
    assert!(
        wrong.is_empty(),
        "{} are read differently:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Both write JSON that protobuf's own mapping reads back as what was sent.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn json_is_written_the_same() {
    let as_json = "exporters:\n  otlp_http:\n    encoding: json\n";
    let pair = Pair::start(&[
        yaml::OTLP_IN,
        yaml::HTTP_OUT,
        as_json,
        &yaml::pipelines("", "otlp_http"),
    ])
    .await;
    let messages: Vec<Message> = Signal::ALL
        .into_iter()
        .map(|signal| samples::rich(signal, "json"))
        .collect();
    for message in &messages {
        for side in pair.sides() {
            let answer = headwater_e2e::http::export(side.collector.http(), message).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    let (ours, theirs) = pair.stop().await;
    let sent = Items::of(&messages);
    ours.items().assert_is(&sent, "ours");
    theirs.items().assert_is(&sent, "theirs");
}
