//! A worker's connections to one target: connecting, reconnecting, choosing.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use headwater_core::rpc::Code;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::connect::{self, Ended, Sender};
use super::target::Addresses;
use super::{Balancer, ClientKeepAlive, ClientOptions};
use crate::connect::{Address, ConnectError};
use crate::{Status, jitter};

/// Waits between attempts. Source: gRPC, "Connection Backoff Protocol", except for the longest:
/// two minutes there, longer than the exporters' own 30 s between retries.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const WAIT_FACTOR: f64 = 1.6;
const WAIT_SPREAD: f64 = 0.2;
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A connection that lived shorter counts as a failed attempt.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// The wait after a server sent a young connection away, doubled each time up to 64-fold: it
/// may do so to each.
const POLITE_WAIT: Duration = Duration::from_millis(10);

/// Complaints of a server that are heeded: pings are a thousand times rarer then.
const MOST_COMPLAINTS: u32 = 10;

/// A connection for one request.
pub(super) struct Picked {
    pub(super) sender: Sender,
    pub(super) address: Arc<str>,
}

struct Ready {
    id: u64,
    sender: Sender,
    address: Arc<str>,
}

#[derive(Default)]
struct State {
    ready: Vec<Ready>,
    /// Round robin's next.
    turn: usize,
    /// Attempts that may still succeed before anything has failed.
    hopeful: usize,
    /// Why there is no connection, once no attempt is hopeful. Kept while reconnecting, so that
    /// requests fail at once and do not pile up.
    failure: Option<Status>,
    next_id: u64,
}

struct Shared {
    options: Arc<ClientOptions>,
    state: Mutex<State>,
    changed: Notify,
    /// How often a server has complained about pings.
    complaints: AtomicU32,
}

/// The connections of one worker. Closed when dropped.
pub(super) struct Channel {
    shared: Arc<Shared>,
    manager: AbortHandle,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.manager.abort();
    }
}

impl Channel {
    /// Begins to connect on the runtime of the caller.
    pub(super) fn open(options: Arc<ClientOptions>) -> Arc<Self> {
        let state = Mutex::new(State {
            hopeful: 1,
            ..State::default()
        });
        let shared = Arc::new(Shared {
            options,
            state,
            changed: Notify::new(),
            complaints: AtomicU32::new(0),
        });
        let manager = tokio::spawn(manage(Arc::clone(&shared))).abort_handle();
        Arc::new(Self { shared, manager })
    }

    /// A connection that can take a request; waits while there is hope for one.
    pub(super) async fn pick(&self) -> Result<Picked, Status> {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            {
                let mut state = self.shared.lock();
                let turn = state.turn;
                if !state.ready.is_empty() {
                    state.turn = turn.wrapping_add(1);
                    let ready = &state.ready[turn % state.ready.len()];
                    return Ok(Picked {
                        sender: ready.sender.clone(),
                        address: Arc::clone(&ready.address),
                    });
                }
                if let Some(failure) = &state.failure
                    && state.hopeful == 0
                    && !self.shared.options.wait_for_ready
                {
                    return Err(failure.clone());
                }
                changed.as_mut().enable();
            }
            changed.await;
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pings come half as often after each complaint. Source: grpc-go,
    /// `clientconn.go: adjustParams`.
    fn keepalive(&self) -> Option<ClientKeepAlive> {
        let complaints = self.complaints.load(Ordering::Relaxed).min(MOST_COMPLAINTS);
        let mut keepalive = self.options.keepalive?;
        keepalive.time = keepalive.time.saturating_mul(1 << complaints);
        Some(keepalive)
    }

    fn failed(&self, error: &ConnectError) {
        let text = error.to_string();
        tracing::debug!(target = %self.options.target, error = text, "cannot connect");
        self.lock().failure = Some(Status::new(Code::Unavailable, text));
    }

    fn add_hope(&self, attempts: usize) {
        self.lock().hopeful += attempts;
    }

    fn drop_hope(&self) {
        let mut state = self.lock();
        state.hopeful = state.hopeful.saturating_sub(1);
        drop(state);
        self.changed.notify_waiters();
    }
}

/// When to connect again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The connection had lived for a while.
    AtOnce,
    /// The server asked a young connection to go away.
    Soon,
    /// Connecting failed, or the connection broke as soon as it was there.
    Later,
}

/// What one attempt tries, in turn.
type Group = Vec<Address>;
type Attempt = Pin<Box<dyn Future<Output = (Group, Next)> + Send>>;

/// Keeps the target connected for as long as the channel lives.
async fn manage(shared: Arc<Shared>) {
    let mut backoff = Backoff::default();
    // The hope that `open` began with is for the first resolution.
    let groups = loop {
        match groups(&shared.options).await {
            Ok(groups) => break groups,
            Err(error) => {
                shared.failed(&error);
                shared.drop_hope();
                sleep(backoff.next()).await;
            }
        }
    };
    let first = shared.lock().failure.is_none();
    if first {
        shared.add_hope(groups.len());
        shared.drop_hope();
    }
    let mut active = groups.clone();
    let mut attempts: FuturesUnordered<Attempt> = FuturesUnordered::new();
    for group in groups {
        attempts.push(Box::pin(keep(
            Arc::clone(&shared),
            group,
            first,
            Duration::ZERO,
        )));
    }
    let mut polite = 0_u32;
    while let Some((group, next)) = attempts.next().await {
        let wait = match next {
            Next::AtOnce => {
                backoff = Backoff::default();
                polite = 0;
                Duration::ZERO
            }
            Next::Soon => {
                polite = (polite + 1).min(6);
                POLITE_WAIT * (1 << polite)
            }
            Next::Later => backoff.next(),
        };
        // Requests wait for a connection that is expected to come back.
        let hopeful = next != Next::Later;
        // Names may mean other addresses by now. What still works stays as it is.
        active.retain(|other| *other != group);
        let mut wanted = groups_or(&shared, group).await;
        wanted.retain(|group| !active.contains(group));
        if hopeful {
            shared.add_hope(wanted.len());
        }
        for group in wanted {
            active.push(group.clone());
            let shared = Arc::clone(&shared);
            attempts.push(Box::pin(keep(shared, group, hopeful, wait)));
        }
    }
}

async fn groups_or(shared: &Shared, known: Group) -> Vec<Group> {
    groups(&shared.options)
        .await
        .unwrap_or_else(|_| vec![known])
}

/// The target's addresses as they are tried: each by itself, or one after the other.
async fn groups(options: &ClientOptions) -> Result<Vec<Group>, ConnectError> {
    let names = match &options.target.addresses {
        Addresses::Unix(path) => return Ok(vec![vec![Address::Unix(path.clone())]]),
        Addresses::Names(names) => names,
    };
    let mut addresses = Vec::new();
    for (name, port) in names {
        for address in options.connector.ways(name, *port).await? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    Ok(match options.balancer {
        Balancer::PickFirst => vec![addresses],
        Balancer::RoundRobin => addresses.into_iter().map(|address| vec![address]).collect(),
    })
}

/// Connects to the first address of `group` that works and drives the connection until it takes
/// no more requests.
async fn keep(shared: Arc<Shared>, group: Group, hopeful: bool, wait: Duration) -> (Group, Next) {
    if !wait.is_zero() {
        sleep(wait).await;
    }
    let mut open = None;
    for address in &group {
        match connect::open(&shared.options, shared.keepalive(), address).await {
            Ok(connection) => {
                open = Some((connection, address));
                break;
            }
            Err(error) => shared.failed(&error),
        }
    }
    let Some((open, address)) = open else {
        if hopeful {
            shared.drop_hope();
        }
        return (group, Next::Later);
    };
    let since = Instant::now();
    let id = {
        let mut state = shared.lock();
        state.next_id += 1;
        let id = state.next_id;
        state.failure = None;
        let sender = open.sender();
        state.ready.push(Ready {
            id,
            sender,
            address: address.to_string().into(),
        });
        id
    };
    if hopeful {
        shared.drop_hope();
    } else {
        shared.changed.notify_waiters();
    }
    tracing::debug!(%address, "connected");
    let sender = open.sender();
    let ended = open.run().await;
    if sender.is_pinged_too_much() {
        shared.complaints.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            %address,
            "server closed the connection because of too many pings, they will come half as often: \
             make `keepalive::time` longer than the server's `keepalive::enforcement_policy::min_time`"
        );
    }
    let next = match &ended {
        _ if since.elapsed() >= SETTLED_AFTER => Next::AtOnce,
        Ended::Draining(_) | Ended::Closed(None) => Next::Soon,
        Ended::Closed(Some(_)) => Next::Later,
    };
    {
        let mut state = shared.lock();
        state.ready.retain(|ready| ready.id != id);
        if next == Next::Later {
            let text = format!("{address} closed the connection at once");
            state.failure = Some(Status::new(Code::Unavailable, text));
        }
    }
    match ended {
        Ended::Closed(error) => tracing::debug!(%address, error, "connection closed"),
        Ended::Draining(open) => {
            tracing::debug!(%address, "server asked to reconnect");
            // Requests in hand are still being answered there.
            tokio::spawn(open.drain());
        }
    }
    (group, next)
}

#[derive(Default)]
struct Backoff {
    attempts: i32,
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let wait = FIRST_WAIT
            .mul_f64(WAIT_FACTOR.powi(self.attempts))
            .min(LONGEST_WAIT);
        // Beyond this the longest wait is reached.
        self.attempts = (self.attempts + 1).min(20);
        wait.mul_f64(jitter::around_one(WAIT_SPREAD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_come_half_as_often_after_each_complaint() {
        let mut options = ClientOptions::plaintext("localhost:1".parse().unwrap());
        let second = Duration::from_secs(1);
        options.keepalive = Some(ClientKeepAlive {
            time: 10 * second,
            timeout: second,
            permit_without_stream: true,
        });
        let shared = Shared {
            options: Arc::new(options),
            state: Mutex::default(),
            changed: Notify::new(),
            complaints: AtomicU32::new(0),
        };
        let time = || shared.keepalive().unwrap().time;
        assert_eq!(time(), 10 * second);
        shared.complaints.store(2, Ordering::Relaxed);
        assert_eq!(time(), 40 * second);
        shared.complaints.store(u32::MAX, Ordering::Relaxed);
        assert_eq!(time(), 10_240 * second);
    }

    #[test]
    fn waits_grow_to_the_longest_and_no_further() {
        let mut backoff = Backoff::default();
        let first = backoff.next();
        assert!((0.8..=1.2).contains(&first.as_secs_f64()), "{first:?}");
        let last = (0..50).map(|_| backoff.next()).last().unwrap();
        assert!((24.0..=36.0).contains(&last.as_secs_f64()), "{last:?}");
    }
}
