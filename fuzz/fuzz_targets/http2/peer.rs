//! The other side of a connection.

use std::collections::HashSet;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Runtime;

/// A runtime whose clock jumps to whatever is waited for.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// The bytes to send: as they are, or with the headers of frames made valid, so that more of them
/// reach what lies behind the parser.
pub fn bytes(data: &[u8], frames: bool, first: &[u8]) -> Vec<u8> {
    if !frames {
        return [first, data].concat();
    }
    let mut out = [first, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let mut rest = data;
    while let Some((&[kind, flags, stream, length], after)) = rest.split_first_chunk::<4>() {
        let kind = kind % 11;
        let length = match kind {
            2 => 5,
            3 | 8 => 4,
            4 => usize::from(length % 4) * 6,
            6 => 8,
            7 => 8 + usize::from(length % 8),
            _ => usize::from(length),
        };
        let length = length.min(after.len());
        let (payload, after) = after.split_at(length);
        rest = after;
        out.extend([0, 0, length as u8, kind, flags, 0, 0, 0, stream % 16]);
        out.extend_from_slice(payload);
    }
    out
}

/// How the other side behaves.
pub struct Peer {
    /// Decides how what it sends is cut.
    pub seed: u8,
    /// Whether it reads what it is sent.
    pub reads: bool,
    /// Whether it stays when it has said everything, or closes the connection.
    pub stays: bool,
}

impl Peer {
    /// Sends `bytes` and returns what it read.
    pub async fn talk(&self, stream: DuplexStream, bytes: &[u8]) -> Vec<u8> {
        let (mut read, mut write) = tokio::io::split(stream);
        let mut state = u64::from(self.seed) << 1 | 1;
        let talking = async {
            let mut rest = bytes;
            while !rest.is_empty() {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let most = match self.seed % 4 {
                    0 => rest.len(),
                    1 => 1,
                    2 => 1 + (state >> 60) as usize,
                    _ => 1 + (state >> 54) as usize,
                };
                let (part, after) = rest.split_at(most.min(rest.len()));
                rest = after;
                let writing = tokio::time::timeout(Duration::from_secs(60), write.write_all(part));
                if !matches!(writing.await, Ok(Ok(()))) {
                    break;
                }
                match state >> 32 & 15 {
                    0 => tokio::time::sleep(Duration::from_millis(20)).await,
                    1..4 => tokio::task::yield_now().await,
                    _ => {}
                }
            }
            if !self.stays {
                // So that what was asked for can be answered.
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(write.shutdown().await);
            }
        };
        let mut seen = Vec::new();
        let reading = async {
            if self.reads {
                // Keepalive ends connections on which nobody says anything any more.
                let reading =
                    tokio::time::timeout(Duration::from_hours(12), read.read_to_end(&mut seen));
                drop(reading.await);
            }
        };
        tokio::join!(talking, reading);
        seen
    }
}

/// Checks what was written behind `skip` bytes: whole frames, nothing on a stream behind its end.
pub fn check(bytes: &[u8], skip: usize) {
    let mut rest = bytes.get(skip..).unwrap_or_default();
    let mut ended = HashSet::new();
    let mut continued = false;
    while let Some((head, after)) = rest.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let (kind, flags) = (head[3], head[4]);
        assert!(length <= 1 << 24, "a frame of {length} bytes");
        assert!(kind < 10 && kind != 2 && kind != 5, "kind {kind}");
        assert_eq!(continued, kind == 9, "a header block in one piece");
        if matches!(kind, 1 | 9) {
            continued = flags & 4 == 0;
        }
        if matches!(kind, 0 | 1) {
            assert!(
                !ended.contains(&stream),
                "kind {kind} behind the end of {stream}"
            );
            if flags & 1 != 0 {
                ended.insert(stream);
            }
        }
        if kind == 3 {
            ended.insert(stream);
        }
        let Some(after) = after.get(length..) else {
            return;
        };
        rest = after;
    }
}
