//! Questions and answers on the wire. Source: RFC 1035, RFC 2782, RFC 3596, RFC 6891.

use std::net::{Ipv4Addr, Ipv6Addr};

use headwater_prometheus::scrape_config::DnsRecord;
use thiserror::Error;

/// What is said about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Srv { target: String, port: u16 },
    Mx(String),
    Ns(String),
    Other,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// 0 if all is well, 3 if there is no such name.
    pub(crate) code: u8,
    /// Whether it did not fit into a datagram.
    pub(crate) truncated: bool,
    pub(crate) records: Vec<Record>,
}

/// A name that cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a DNS name")]
pub(crate) struct InvalidName(String);

const HEADER: usize = 12;
const CLASS_IN: u16 = 1;
const TYPE_OPT: u16 = 41;
/// How large a datagram may be that we take.
const DATAGRAM: u16 = 4096;
/// Names are at most this long, so a chain of pointers that makes a longer one is none.
const LONGEST_NAME: usize = 255;

const ANSWER: u16 = 1 << 15;
const TRUNCATED: u16 = 1 << 9;
const RECURSION: u16 = 1 << 8;

const fn number(record: DnsRecord) -> u16 {
    match record {
        DnsRecord::A => 1,
        DnsRecord::Ns => 2,
        DnsRecord::Mx => 15,
        DnsRecord::Aaaa => 28,
        DnsRecord::Srv => 33,
    }
}

/// A question for the records of a name.
pub(crate) fn question(
    id: u16,
    name: &str,
    record: DnsRecord,
    extended: bool,
) -> Result<Vec<u8>, InvalidName> {
    let mut message = Vec::with_capacity(64);
    for field in [id, RECURSION, 1, 0, 0, u16::from(extended)] {
        message.extend(field.to_be_bytes());
    }
    let invalid = || InvalidName(name.to_owned());
    for label in name.strip_suffix('.').unwrap_or(name).split('.') {
        let length = u8::try_from(label.len()).ok();
        let length = length.filter(|length| (1..=63).contains(length));
        message.push(length.ok_or_else(invalid)?);
        message.extend(label.as_bytes());
    }
    message.push(0);
    if message.len() - HEADER > LONGEST_NAME {
        return Err(invalid());
    }
    message.extend(number(record).to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    if extended {
        message.push(0);
        message.extend(TYPE_OPT.to_be_bytes());
        message.extend(DATAGRAM.to_be_bytes());
        message.extend([0; 6]);
    }
    Ok(message)
}

/// The answer to a question; `None` if it is none.
pub(crate) fn answer(message: &[u8], question: &[u8]) -> Option<Answer> {
    let mut reader = Reader { message, at: 0 };
    let id = reader.u16()?;
    let flags = reader.u16()?;
    if flags & ANSWER == 0 || question.get(..2)? != id.to_be_bytes() {
        return None;
    }
    let [questions, answers] = [reader.u16()?, reader.u16()?];
    reader.at = HEADER;
    // A server that failed may leave the question out.
    for _ in 0..questions {
        let start = reader.at;
        reader.name()?;
        reader.skip(4)?;
        let same = message.get(start..reader.at)?;
        let asked = question.get(HEADER..HEADER + same.len())?;
        if !same.eq_ignore_ascii_case(asked) {
            return None;
        }
    }
    let mut records = Vec::new();
    for _ in 0..answers {
        // What was cut off is asked for again.
        let Some(record) = reader.record() else {
            if flags & TRUNCATED != 0 {
                break;
            }
            return None;
        };
        records.push(record);
    }
    Some(Answer {
        code: (flags & 0xf) as u8,
        truncated: flags & TRUNCATED != 0,
        records,
    })
}

struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes)?;
        (self.at <= self.message.len()).then_some(())
    }

    fn u16(&mut self) -> Option<u16> {
        let bytes = self.message.get(self.at..)?.first_chunk::<2>()?;
        self.at += 2;
        Some(u16::from_be_bytes(*bytes))
    }

    /// A name with a dot at its end; dots and unusual characters inside of it are escaped.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut at = self.at;
        let mut end = None;
        let mut total = 0;
        loop {
            let length = usize::from(*self.message.get(at)?);
            at += 1;
            match length {
                0 => break,
                1..=63 => {
                    total += length + 1;
                    for byte in self.message.get(at..at + length)? {
                        push(&mut name, *byte);
                    }
                    name.push('.');
                    at += length;
                }
                // A pointer to where the rest stands, which is before.
                192.. => {
                    let low = usize::from(*self.message.get(at)?);
                    let target = (length & 0x3f) << 8 | low;
                    end.get_or_insert(at + 1);
                    total += 1;
                    at = target;
                }
                _ => return None,
            }
            if total > LONGEST_NAME {
                return None;
            }
        }
        self.at = end.unwrap_or(at);
        if name.is_empty() {
            name.push('.');
        }
        Some(name)
    }

    fn record(&mut self) -> Option<Record> {
        self.name()?;
        let kind = self.u16()?;
        let class = self.u16()?;
        self.skip(4)?;
        let length = usize::from(self.u16()?);
        let start = self.at;
        self.skip(length)?;
        let mut data = Reader {
            message: self.message.get(..self.at)?,
            at: start,
        };
        if class != CLASS_IN {
            return Some(Record::Other);
        }
        Some(match kind {
            1 => Record::A(Ipv4Addr::from(*data.rest()?.first_chunk::<4>()?)),
            28 => Record::Aaaa(Ipv6Addr::from(*data.rest()?.first_chunk::<16>()?)),
            2 => Record::Ns(data.name()?),
            15 => {
                data.skip(2)?;
                Record::Mx(data.name()?)
            }
            33 => {
                data.skip(4)?;
                let port = data.u16()?;
                Record::Srv {
                    target: data.name()?,
                    port,
                }
            }
            _ => Record::Other,
        })
    }

    fn rest(&self) -> Option<&[u8]> {
        self.message.get(self.at..)
    }
}

/// A character of a name in presentation format. Source: RFC 1035, section 5.1.
fn push(name: &mut String, byte: u8) {
    match byte {
        b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' | b' ' => {
            name.push('\\');
            name.push(char::from(byte));
        }
        0x21..=0x7e => name.push(char::from(byte)),
        _ => name.push_str(&format!("\\{byte:03}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(code: u16, records: &[(u16, &[u8])]) -> (Vec<u8>, Vec<u8>) {
        let question = question(7, "_a._tcp.example.com.", DnsRecord::Srv, false).unwrap();
        let mut message = question.clone();
        message[2..4].copy_from_slice(&(ANSWER | RECURSION | code).to_be_bytes());
        message[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
        for (kind, data) in records {
            // The name is that of the question.
            message.extend([0xc0, 12]);
            message.extend(kind.to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 60]);
            message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            message.extend(*data);
        }
        (message, question)
    }

    #[test]
    fn every_type_of_record_is_read() {
        let mut srv = vec![0, 1, 0, 2, 0x1f, 0x90, 4];
        // `node` followed by `example.com` of the question.
        srv.extend(b"node\xc0\x14");
        let mut mx = vec![0, 10, 2];
        mx.extend(b"mx\0");
        let (message, question) = reply(
            0,
            &[
                (33, &srv),
                (1, &[10, 0, 0, 1]),
                (28, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                (15, &mx),
                (2, b"\x03a.b\x00"),
                (5, b"\xc0\x0c"),
            ],
        );
        let answer = answer(&message, &question).unwrap();
        assert_eq!((answer.code, answer.truncated), (0, false));
        assert_eq!(
            answer.records,
            [
                Record::Srv {
                    target: "node.example.com.".to_owned(),
                    port: 8080
                },
                Record::A(Ipv4Addr::new(10, 0, 0, 1)),
                Record::Aaaa(Ipv6Addr::LOCALHOST),
                Record::Mx("mx.".to_owned()),
                Record::Ns("a\\.b.".to_owned()),
                Record::Other,
            ]
        );
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        let (message, question) = reply(3, &[]);
        assert_eq!(answer(&message, &question).unwrap().code, 3);
        let mut other = message.clone();
        other[1] = 8;
        assert_eq!(answer(&other, &question), None, "another number");
        let mut other = message;
        other[14] = b'x';
        assert_eq!(answer(&other, &question), None, "another name");
        assert_eq!(answer(&question, &question), None, "the question itself");
    }

    #[test]
    fn a_name_in_circles_is_none() {
        let (message, question) = reply(0, &[(2, b"\xc0\x30")]);
        // The data of the record points at itself.
        let at = message.len() - 2;
        let mut message = message;
        message[at + 1] = u8::try_from(at).unwrap();
        assert_eq!(answer(&message, &question), None);
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        for name in ["", "a..b", &"a".repeat(64), &"abcd.".repeat(60)] {
            assert!(question(1, name, DnsRecord::A, true).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            at in 12_usize..60,
        ) {
            let (mut message, question) = reply(0, &[(2, b"\x01a\x00"), (33, b"\0\0\0\0\0\0\x01b\0")]);
            let _ = answer(&bytes, &question);
            for (offset, byte) in bytes.iter().enumerate().take(8) {
                if let Some(place) = message.get_mut(at + offset) {
                    *place = *byte;
                }
            }
            let _ = answer(&message, &question);
        }
    }
}
