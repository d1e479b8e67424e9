//! A worker's connections, by where they lead.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::ClientOptions;
use super::connection::{Connection, Shared};
use crate::connect::{Address, Alpn, ConnectError, open_name};
use crate::http::Url;
use crate::io::Io;

/// Where a connection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    tls: bool,
    host: String,
    port: u16,
    proxy: Option<Url>,
}

impl Route {
    pub(super) fn new(url: &Url, proxy: Option<&Url>) -> Self {
        let (tls, host, port) = (url.is_tls(), url.host().to_owned(), url.port());
        Self {
            tls,
            host,
            port,
            proxy: proxy.cloned(),
        }
    }

    /// The proxy that is sent whole URLs; encrypted requests go through a tunnel instead.
    pub(super) fn plain_proxy(&self) -> Option<&Url> {
        self.proxy.as_ref().filter(|_| !self.tls)
    }
}

struct Idle {
    connection: Connection,
    since: Instant,
}

struct Host {
    route: Route,
    /// The newest last.
    idle: Vec<Idle>,
    /// An HTTP/2 connection, which every request shares, and when it was used last.
    shared: Option<(Shared, Instant)>,
    permits: Option<Arc<Semaphore>>,
}

#[derive(Default)]
struct State {
    hosts: Vec<Host>,
    idle: usize,
    sweeping: bool,
}

/// The connections of one worker.
pub(super) struct Pool {
    options: Arc<ClientOptions>,
    state: Mutex<State>,
}

impl Pool {
    pub(super) fn new(options: Arc<ClientOptions>) -> Arc<Self> {
        Arc::new(Self {
            options,
            state: Mutex::default(),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection: an idle one, or a new one.
    pub(super) async fn get(self: &Arc<Self>, route: &Route) -> Result<Connection, ConnectError> {
        let permits = self.options.max_per_host.and_then(|_| {
            let mut state = self.lock();
            state.host(route, &self.options).permits.clone()
        });
        let permit = match permits {
            // A closed semaphore cannot happen; going on without a permit harms nobody.
            Some(permits) => permits.acquire_owned().await.ok(),
            None => None,
        };
        if let Some(mut connection) = self.reuse(route) {
            connection.hold(permit);
            return Ok(connection);
        }
        self.open(route, permit).await
    }

    fn reuse(&self, route: &Route) -> Option<Connection> {
        let timeout = self.options.idle_timeout;
        let mut state = self.lock();
        let host = state.find(route)?;
        if let Some((shared, used)) = &mut host.shared {
            if shared.is_usable() {
                *used = Instant::now();
                return Some(Connection::sharing(shared.clone()));
            }
            host.shared = None;
        }
        let mut found = None;
        let mut taken = 0;
        while let Some(idle) = host.idle.pop() {
            taken += 1;
            let fresh = timeout.is_none_or(|timeout| idle.since.elapsed() < timeout);
            if fresh && idle.connection.is_usable() {
                found = Some(idle.connection);
                break;
            }
        }
        state.idle -= taken;
        found
    }

    async fn open(
        self: &Arc<Self>,
        route: &Route,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Connection, ConnectError> {
        let options = &self.options;
        let io = self.dial(route).await?;
        let http2 = io.alpn() == Some(b"h2");
        if http2 {
            let shared = Shared::handshake(io, options).await?;
            let mut state = self.lock();
            // Another request may have connected meanwhile; the later one stays.
            state.host(route, options).shared = Some((shared.clone(), Instant::now()));
            self.sweep_soon(&mut state);
            drop(state);
            let mut connection = Connection::sharing(shared);
            connection.hold(permit);
            return Ok(connection);
        }
        let mut connection = Connection::handshake(io, route.plain_proxy().is_some()).await?;
        connection.hold(permit);
        Ok(connection)
    }

    async fn dial(&self, route: &Route) -> Result<Io, ConnectError> {
        let connector = &self.options.connector;
        if let Some(proxy) = route.plain_proxy() {
            return open_name(proxy.host(), proxy.port()).await.map(Io::plain);
        }
        let alpn = if self.options.http2 {
            Alpn::Either
        } else {
            Alpn::Http1
        };
        let connector = if route.tls {
            if !connector.is_tls() {
                return Err(ConnectError::NoTls);
            }
            connector.clone()
        } else {
            connector.plain()
        };
        let ways = match &route.proxy {
            Some(proxy) => {
                let (proxy, host) = (Box::new(proxy.clone()), route.host.clone());
                vec![Address::Tunnel {
                    proxy,
                    host,
                    port: route.port,
                }]
            }
            None => connector.ways(&route.host, route.port).await?,
        };
        let mut last = None;
        for address in ways {
            match connector.dial(&address, &route.host, alpn).await {
                Ok(io) => return Ok(io),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(ConnectError::NoTls))
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(self: &Arc<Self>, route: &Route, mut connection: Connection) {
        connection.release();
        if !self.options.keep_alive || connection.is_shared() {
            return;
        }
        let mut state = self.lock();
        if state.idle >= self.options.max_idle {
            return;
        }
        let host = state.host(route, &self.options);
        if host.idle.len() >= self.options.max_idle_per_host {
            return;
        }
        host.idle.push(Idle {
            connection,
            since: Instant::now(),
        });
        state.idle += 1;
        self.sweep_soon(&mut state);
    }

    fn sweep_soon(self: &Arc<Self>, state: &mut State) {
        if !state.sweeping
            && let Some(timeout) = self.options.idle_timeout
        {
            state.sweeping = true;
            tokio::spawn(sweep(Arc::downgrade(self), timeout));
        }
    }

    /// Closes what has been idle for too long; returns when the next one will have been.
    fn close_idle(&self, timeout: std::time::Duration) -> Option<Instant> {
        let mut state = self.lock();
        let mut next = None;
        let mut left = 0;
        for host in &mut state.hosts {
            host.idle
                .retain(|idle| idle.since.elapsed() < timeout && idle.connection.is_usable());
            left += host.idle.len();
            let unused = |(shared, used): &(Shared, Instant)| {
                !shared.is_usable() || used.elapsed() >= timeout
            };
            // Requests that still use it keep it open.
            host.shared.take_if(|shared| unused(shared));
            let shared = host.shared.iter().map(|(_, used)| *used);
            let oldest = host.idle.iter().map(|idle| idle.since).chain(shared).min();
            next = [next, oldest].into_iter().flatten().min();
        }
        // Hosts that are gone are forgotten.
        state.hosts.retain(|host| {
            host.shared.is_some() || !host.idle.is_empty() || host.permits.is_some()
        });
        state.idle = left;
        state.sweeping = next.is_some();
        next.and_then(|since| since.checked_add(timeout))
    }
}

/// Runs while there are idle connections.
async fn sweep(pool: Weak<Pool>, timeout: std::time::Duration) {
    let mut next = Instant::now().checked_add(timeout);
    while let Some(at) = next {
        sleep_until(at).await;
        let Some(pool) = pool.upgrade() else { return };
        next = pool.close_idle(timeout);
    }
}

impl State {
    fn find(&mut self, route: &Route) -> Option<&mut Host> {
        self.hosts.iter_mut().find(|host| host.route == *route)
    }

    fn host(&mut self, route: &Route, options: &ClientOptions) -> &mut Host {
        let index = match self.hosts.iter().position(|host| host.route == *route) {
            Some(index) => index,
            None => {
                self.hosts.push(Host {
                    route: route.clone(),
                    idle: Vec::new(),
                    shared: None,
                    permits: options
                        .max_per_host
                        .map(|most| Arc::new(Semaphore::new(most))),
                });
                self.hosts.len() - 1
            }
        };
        &mut self.hosts[index]
    }
}
