//! From the pieces of a connection to records.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_logs::{Decoration, Encoder, Encoding, Entry, Origin, Program, State, now};

use crate::framing::Framing;

/// How often it is said what operators could not handle.
const REPORT: Duration = Duration::from_secs(10);

/// What all connections of a receiver share.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) framing: Framing,
    pub(crate) encoding: Encoding,
    pub(crate) program: Arc<Program>,
    pub(crate) attributes: Decoration,
    pub(crate) resource: Decoration,
    /// `IP.TCP` or `IP.UDP`, if entries say who has sent them.
    pub(crate) transport: Option<&'static str>,
}

/// Attributes that say who has sent an entry.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ends(Vec<(&'static str, String)>);

impl Ends {
    /// Those of a connection or datagram. Names are addresses: nobody is asked who they are.
    pub(crate) fn of(
        transport: Option<&'static str>,
        peer: Option<SocketAddr>,
        local: Option<SocketAddr>,
    ) -> Self {
        let mut ends = Vec::new();
        let Some(transport) = transport else {
            return Self(ends);
        };
        ends.push(("net.transport", transport.to_owned()));
        if let Some(peer) = peer {
            let ip = peer.ip().to_canonical().to_string();
            ends.push(("net.peer.ip", ip.clone()));
            ends.push(("net.peer.port", peer.port().to_string()));
            ends.push(("net.peer.name", ip));
        }
        if let Some(local) = local {
            let ip = local.ip().to_canonical().to_string();
            ends.push(("net.host.ip", ip.clone()));
            ends.push(("net.host.port", local.port().to_string()));
            ends.push(("net.host.name", ip));
        }
        Self(ends)
    }
}

/// Makes records of what one connection brings.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) shape: Arc<Shape>,
    pub(crate) state: State,
    pub(crate) encoder: Encoder,
    offset: u64,
    reported: Option<Instant>,
}

impl Lines {
    pub(crate) fn new(shape: &Arc<Shape>) -> Self {
        Self {
            shape: Arc::clone(shape),
            state: shape.program.state(),
            encoder: Encoder::new(),
            offset: 0,
            reported: None,
        }
    }

    /// Makes records of the entries in `data`; how much of it was used. With `whole` there will be
    /// no more.
    pub(crate) fn split(&mut self, data: &[u8], whole: bool, ends: &Ends) -> usize {
        let shape = Arc::clone(&self.shape);
        let mut entry = Entry::default();
        let mut at = 0;
        let observed = now();
        while let Some(piece) = shape.framing.next(data, at, whole) {
            at = piece.next;
            if !piece.text.is_empty() {
                self.take(&shape, &mut entry, piece.text, observed, ends);
            }
        }
        at
    }

    /// Makes a record of `text` as it is.
    pub(crate) fn one(&mut self, text: &[u8], ends: &Ends) {
        let shape = Arc::clone(&self.shape);
        self.take(&shape, &mut Entry::default(), text, now(), ends);
    }

    fn take<'a>(
        &mut self,
        shape: &'a Shape,
        entry: &mut Entry<'a>,
        text: &'a [u8],
        observed: i64,
        ends: &'a Ends,
    ) {
        self.offset += 1;
        let origin = Origin {
            source: 0,
            offset: self.offset,
        };
        entry.reset(shape.encoding.decode(text), observed, origin);
        if let Err(failure) = shape.attributes.set_attributes(entry) {
            tracing::debug!(error = %failure, "Failed to set attributes");
        }
        if let Err(failure) = shape.resource.set_resource(entry) {
            tracing::debug!(error = %failure, "Failed to set resource");
        }
        for (name, value) in &ends.0 {
            entry.attributes.insert(*name, value.as_str());
        }
        shape.program.run(entry, &mut self.state, &mut self.encoder);
    }

    /// Lets go of entries that have waited long enough for the rest of them.
    pub(crate) fn flush_due(&mut self) {
        let shape = Arc::clone(&self.shape);
        shape
            .program
            .flush_due(Instant::now(), &mut self.state, &mut self.encoder);
    }

    /// Lets go of everything that waits.
    pub(crate) fn flush_all(&mut self) {
        let shape = Arc::clone(&self.shape);
        shape.program.flush_all(&mut self.state, &mut self.encoder);
    }

    /// Says what operators could not handle, now and then.
    pub(crate) fn report(&mut self) {
        if self.reported.is_some_and(|last| last.elapsed() < REPORT) {
            return;
        }
        for fault in self.state.take_faults() {
            self.reported = Some(Instant::now());
            if fault.quiet {
                tracing::debug!(
                    operator_id = %fault.operator,
                    error = %fault.message,
                    entries = fault.count,
                    dropped = fault.dropped,
                    "Failed to process entry"
                );
            } else {
                tracing::error!(
                    operator_id = %fault.operator,
                    error = %fault.message,
                    entries = fault.count,
                    dropped = fault.dropped,
                    "Failed to process entry"
                );
            }
        }
    }
}
