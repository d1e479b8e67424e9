//! Targets in DNS records.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use headwater_discovery::{DnsDiscovery, Resolver};
use headwater_prometheus::scrape_config::DnsSdConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use crate::config;
use crate::running::Running;

/// Flags and records (type and data) for a name.
type Zone = Arc<Mutex<HashMap<&'static str, (u16, Vec<(u16, Vec<u8>)>)>>>;

const NO_ERROR: u16 = 0x8180;
const FAILED: u16 = 0x8182;
const UNKNOWN: u16 = 0x8183;
const TRUNCATED: u16 = 0x8380;

/// A name server for UDP and TCP on one port.
async fn server(zone: Zone) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    let datagrams = Arc::clone(&zone);
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
            let mut message = answer(&datagrams, &buffer[..length]);
            if message[2..4] == TRUNCATED.to_be_bytes() {
                message.truncate(message.len() - 3);
            }
            udp.send_to(&message, from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = tcp.accept().await.unwrap();
            let length = socket.read_u16().await.unwrap();
            let mut question = vec![0; usize::from(length)];
            socket.read_exact(&mut question).await.unwrap();
            let mut message = answer(&zone, &question);
            message[2..4].copy_from_slice(&NO_ERROR.to_be_bytes());
            let length = u16::try_from(message.len()).unwrap();
            socket.write_u16(length).await.unwrap();
            socket.write_all(&message).await.unwrap();
        }
    });
    address
}

fn answer(zone: &Zone, question: &[u8]) -> Vec<u8> {
    let mut name = String::new();
    let mut at = 12;
    while question[at] != 0 {
        let end = at + 1 + usize::from(question[at]);
        name.push_str(std::str::from_utf8(&question[at + 1..end]).unwrap());
        name.push('.');
        at = end;
    }
    let end = at + 5;
    let (flags, records) = zone
        .lock()
        .unwrap()
        .get(&*name)
        .cloned()
        .unwrap_or((UNKNOWN, Vec::new()));
    let mut message = question[..2].to_vec();
    for field in [flags, 1, u16::try_from(records.len()).unwrap(), 0, 0] {
        message.extend(field.to_be_bytes());
    }
    message.extend(&question[12..end]);
    for (kind, data) in records {
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 1]);
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(data);
    }
    message
}

fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}

fn srv(target: &str, port: u16) -> (u16, Vec<u8>) {
    let mut data = vec![0, 0, 0, 0];
    data.extend(port.to_be_bytes());
    data.extend(name(target));
    (33, data)
}

fn start(server: SocketAddr, keys: &str, search: &[&str]) -> Running {
    let config = config::<DnsSdConfig>(&format!("{{refresh_interval: 20ms, {keys}}}"));
    let resolver = Resolver::new(vec![server])
        .with_search(search.iter().map(|domain| (*domain).to_owned()).collect());
    Running::start(DnsDiscovery::new(&config).with_resolver(resolver))
}

fn set(zone: &Zone, name: &'static str, flags: u16, records: Vec<(u16, Vec<u8>)>) {
    zone.lock().unwrap().insert(name, (flags, records));
}

#[tokio::test]
async fn services_give_hosts_and_ports() {
    let zone = Zone::default();
    let records = vec![srv("n1.example.com", 9100), srv("n2.example.com", 9101)];
    set(&zone, "_node._tcp.example.com.", NO_ERROR, records);
    let address = server(Arc::clone(&zone)).await;
    let mut running = start(address, "names: [_node._tcp.example.com]", &[]);
    running
        .until(&["n1.example.com:9100", "n2.example.com:9101"])
        .await;
    let target = &running.group("_node._tcp.example.com").targets[0];
    assert_eq!(
        format!("{target:?}"),
        r#"{__address__="n1.example.com:9100", __meta_dns_name="_node._tcp.example.com", __meta_dns_srv_record_port="9100", __meta_dns_srv_record_target="n1.example.com."}"#
    );
    set(
        &zone,
        "_node._tcp.example.com.",
        NO_ERROR,
        vec![srv("n3.example.com", 1)],
    );
    running.until(&["n3.example.com:1"]).await;
    running.leave().await;
}

#[tokio::test]
async fn every_type_gives_addresses() {
    let zone = Zone::default();
    let alias = (5, name("other.example.com"));
    set(&zone, "a.b.", NO_ERROR, vec![alias, (1, vec![10, 0, 0, 1])]);
    let mut loopback = vec![0; 16];
    loopback[15] = 1;
    set(&zone, "c.d.", NO_ERROR, vec![(28, loopback)]);
    let mut mail = vec![0, 10];
    mail.extend(name("mx.e.f"));
    set(&zone, "e.f.", NO_ERROR, vec![(15, mail)]);
    set(&zone, "g.h.", NO_ERROR, vec![(2, name("ns.g.h"))]);
    let server = server(zone).await;
    for (keys, address, meta) in [
        ("names: [a.b], type: A, port: 80", "10.0.0.1:80", None),
        ("names: [c.d], type: AAAA, port: 80", "[::1]:80", None),
        (
            "names: [e.f], type: MX, port: 25",
            "mx.e.f:25",
            Some(("__meta_dns_mx_record_target", "mx.e.f.")),
        ),
        (
            "names: [g.h], type: NS, port: 53",
            "ns.g.h:53",
            Some(("__meta_dns_ns_record_target", "ns.g.h.")),
        ),
    ] {
        let mut running = start(server, keys, &[]);
        running.until(&[address]).await;
        let groups = running.addresses().len();
        assert_eq!(groups, 1, "an alias is no target");
        if let Some((label, value)) = meta {
            let name = keys.split(['[', ']']).nth(1).unwrap();
            assert_eq!(running.group(name).targets[0].get(label), value);
        }
        running.leave().await;
    }
}

#[tokio::test]
async fn a_failing_name_keeps_what_it_had_and_an_unknown_one_loses_it() {
    let zone = Zone::default();
    set(&zone, "a.x.", NO_ERROR, vec![srv("a", 1)]);
    set(&zone, "b.x.", NO_ERROR, vec![srv("b", 1)]);
    let mut running = start(server(Arc::clone(&zone)).await, "names: [a.x, b.x]", &[]);
    running.until(&["a:1", "b:1"]).await;
    set(&zone, "a.x.", FAILED, Vec::new());
    let error = running.error().await;
    assert!(
        error.contains("could not resolve \"a.x\"") && error.contains("SERVFAIL"),
        "{error}"
    );
    set(&zone, "b.x.", UNKNOWN, Vec::new());
    running.until(&["a:1"]).await;
    set(&zone, "a.x.", NO_ERROR, Vec::new());
    running.until(&[]).await;
    running.leave().await;
}

#[tokio::test]
async fn search_domains_complete_names() {
    let zone = Zone::default();
    set(&zone, "_a._tcp.ns.svc.", NO_ERROR, vec![srv("found", 1)]);
    let address = server(Arc::clone(&zone)).await;
    let mut running = start(address, "names: [_a._tcp]", &["other.svc", "ns.svc"]);
    running.until(&["found:1"]).await;
    running.leave().await;
}

#[tokio::test]
async fn a_long_answer_is_asked_for_again_over_tcp() {
    let zone = Zone::default();
    set(&zone, "a.x.", TRUNCATED, vec![srv("a", 1), srv("b", 2)]);
    let mut running = start(server(zone).await, "names: [a.x]", &[]);
    running.until(&["a:1", "b:2"]).await;
    running.leave().await;
}
