//! Writes small databases of addresses. Source: the specification of MaxMind's DB format, 2.0.

use std::net::IpAddr;

/// A value of the data section.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Text(&'static str),
    Double(f64),
    Float(f32),
    Int32(i32),
    Uint16(u16),
    Uint32(u32),
    Uint64(u64),
    Bool(bool),
    List(Vec<Data>),
    Map(Vec<(&'static str, Data)>),
}

/// What a place in the tree leads to.
#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of networks, which may not overlap, each with its record; `version` is 4 or 6.
pub(crate) fn database(version: u16, networks: &[(&str, Data)]) -> Vec<u8> {
    let mut nodes = vec![[Record::Nothing; 2]];
    let mut data = Vec::new();
    for (network, record) in networks {
        let (address, length) = network.split_once('/').unwrap();
        let length: usize = length.parse().unwrap();
        // In a database of both, IPv4 is ::/96.
        let (bits, skipped, length) = match address.parse().unwrap() {
            IpAddr::V4(address) if version == 4 => (u128::from(u32::from(address)), 96, length),
            IpAddr::V4(address) => (u128::from(u32::from(address)), 0, 96 + length),
            IpAddr::V6(address) => (u128::from(address), 0, length),
        };
        let mut at = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - skipped - depth) & 1 == 1);
            if depth + 1 == length {
                nodes[at][side] = Record::Data(data.len());
                break;
            }
            at = if let Record::Node(next) = nodes[at][side] {
                next
            } else {
                nodes.push([Record::Nothing; 2]);
                nodes[at][side] = Record::Node(nodes.len() - 1);
                nodes.len() - 1
            };
        }
        put(&mut data, record);
    }
    let count = nodes.len();
    let mut out = Vec::new();
    for record in nodes.into_iter().flatten() {
        let value = match record {
            Record::Nothing => count,
            Record::Node(node) => node,
            Record::Data(offset) => count + 16 + offset,
        };
        out.extend_from_slice(&u32::try_from(value).unwrap().to_be_bytes()[1..]);
    }
    out.extend_from_slice(&[0; 16]);
    out.append(&mut data);
    out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let metadata = Data::Map(vec![
        ("node_count", Data::Uint32(count.try_into().unwrap())),
        ("record_size", Data::Uint16(24)),
        ("ip_version", Data::Uint16(version)),
        ("database_type", Data::Text("Test")),
        ("languages", Data::List(vec![Data::Text("en")])),
        ("binary_format_major_version", Data::Uint16(2)),
        ("binary_format_minor_version", Data::Uint16(0)),
        ("build_epoch", Data::Uint64(1_700_000_000)),
        ("description", Data::Map(vec![("en", Data::Text("A test"))])),
    ]);
    put(&mut out, &metadata);
    out
}

/// Type and size: types above 7 in a byte of their own, sizes from 29 on in one more.
fn head(out: &mut Vec<u8>, kind: u8, size: usize) {
    let extended = kind > 7;
    let (low, more) = match size {
        0..29 => (size, None),
        29..285 => (29, Some(size - 29)),
        _ => panic!("tests have no values of that size"),
    };
    let low = u8::try_from(low).unwrap();
    out.push(if extended { low } else { kind << 5 | low });
    if extended {
        out.push(kind - 7);
    }
    out.extend(more.map(|more| u8::try_from(more).unwrap()));
}

fn put(out: &mut Vec<u8>, data: &Data) {
    let mut plain = |kind, bytes: &[u8]| {
        head(out, kind, bytes.len());
        out.extend_from_slice(bytes);
    };
    match data {
        Data::Text(text) => plain(2, text.as_bytes()),
        Data::Double(value) => plain(3, &value.to_be_bytes()),
        Data::Uint16(value) => plain(5, &value.to_be_bytes()),
        Data::Uint32(value) => plain(6, &value.to_be_bytes()),
        Data::Int32(value) => plain(8, &value.to_be_bytes()),
        Data::Uint64(value) => plain(9, &value.to_be_bytes()),
        Data::Float(value) => plain(15, &value.to_be_bytes()),
        Data::Bool(value) => head(out, 14, usize::from(*value)),
        Data::List(items) => {
            head(out, 11, items.len());
            for item in items {
                put(out, item);
            }
        }
        Data::Map(entries) => {
            head(out, 7, entries.len());
            for (key, value) in entries {
                put(out, &Data::Text(key));
                put(out, value);
            }
        }
    }
}
