//! Listening sockets that pass from a set of servers to the one that replaces it.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use super::{Bound, LocalAddr, Sockets};

tokio::task_local! {
    static CURRENT: Listeners;
}

/// What a set of servers that starts together listens on, so that the set that replaces it can
/// go on with the same sockets: clients notice nothing, and who waits to be accepted still is.
///
/// Cheap to clone; clones are the same set.
///
/// A set that runs keeps accepting until its successor calls [`Listeners::take_over`]; from then
/// on the successor does.
#[derive(Debug, Clone)]
pub struct Listeners(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Which set it is.
    id: u64,
    /// The predecessor's that nobody has asked for yet.
    offered: Mutex<Vec<Weak<Place>>>,
    /// Those of this set.
    bound: Mutex<Vec<Weak<Place>>>,
}

/// One address that is listened on. It ends with the last server that listens there.
#[derive(Debug)]
struct Place {
    address: LocalAddr,
    /// Copies of the handles: the sockets themselves are the same.
    sockets: Sockets,
    /// The set that accepts.
    owner: watch::Sender<u64>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self::with(Vec::new())
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listeners {
    fn with(offered: Vec<Weak<Place>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            offered: Mutex::new(offered),
            bound: Mutex::default(),
        }))
    }

    /// A set that may go on with the sockets of this one.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self::with(lock(&self.0.bound).clone())
    }

    /// Runs `start`: what it binds belongs to this set. Tasks that it spawns are outside.
    pub async fn scope<F: Future>(&self, start: F) -> F::Output {
        CURRENT.scope(self.clone(), start).await
    }

    /// From now on this set accepts connections where it shares sockets with its predecessor,
    /// which accepts none there any more.
    pub fn take_over(&self) {
        for place in lock(&self.0.bound).iter().filter_map(Weak::upgrade) {
            place.owner.send_replace(self.0.id);
        }
    }
}

/// What the predecessor of the current set listens on at `address`, unless somebody has it
/// already or it is split for another number of workers.
pub(super) fn inherit(address: &LocalAddr, workers: usize) -> Option<Bound> {
    let current = CURRENT.try_with(Listeners::clone).ok()?;
    let mut offered = lock(&current.0.offered);
    let fits = |place: &Arc<Place>| place.address == *address && place.sockets.fit(workers);
    let index = offered
        .iter()
        .position(|place| place.upgrade().as_ref().is_some_and(fits))?;
    let place = offered.remove(index).upgrade()?;
    let sockets = place.sockets.try_clone().ok()?;
    lock(&current.0.bound).push(Arc::downgrade(&place));
    Some(Bound {
        sockets,
        address: address.clone(),
        turn: Some(Turn {
            place,
            id: current.0.id,
        }),
    })
}

/// Remembers what was bound, for a successor of the current set.
pub(super) fn remember(bound: &mut Bound) -> io::Result<()> {
    let Ok(current) = CURRENT.try_with(Listeners::clone) else {
        return Ok(());
    };
    let place = Arc::new(Place {
        address: bound.address.clone(),
        sockets: bound.sockets.try_clone()?,
        owner: watch::Sender::new(current.0.id),
    });
    lock(&current.0.bound).push(Arc::downgrade(&place));
    bound.turn = Some(Turn {
        place,
        id: current.0.id,
    });
    Ok(())
}

/// A set's part in a place. Keeps the place alive.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    place: Arc<Place>,
    id: u64,
}

impl Turn {
    pub(super) fn watch(&self) -> Watch {
        Watch {
            owner: self.place.owner.subscribe(),
            id: self.id,
        }
    }

    /// The same without keeping the place alive.
    pub(super) fn downgrade(&self) -> WeakTurn {
        WeakTurn {
            place: Arc::downgrade(&self.place),
            id: self.id,
        }
    }
}

/// Sees whose turn it is, as long as the [`Turn`] lives.
pub(super) struct Watch {
    owner: watch::Receiver<u64>,
    id: u64,
}

impl Watch {
    /// Ready while it is this set's turn.
    pub(super) async fn begin(&mut self) {
        drop(self.owner.wait_for(|owner| *owner == self.id).await);
    }

    /// Ready while it is not.
    pub(super) async fn end(&mut self) {
        drop(self.owner.wait_for(|owner| *owner != self.id).await);
    }
}

/// A [`Turn`] that lets the sockets close.
#[derive(Debug)]
pub(super) struct WeakTurn {
    place: Weak<Place>,
    id: u64,
}

impl WeakTurn {
    /// Whether another set accepts there now.
    pub(super) fn is_passed_on(&self) -> bool {
        let place = self.place.upgrade();
        place.is_some_and(|place| *place.owner.borrow() != self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpStream};
    use std::task::Poll;

    use super::super::{ListenError, Listener, Transport, bind};
    use super::*;

    async fn bound(set: &Listeners, endpoint: &str) -> Result<Bound, ListenError> {
        set.scope(async { bind(Transport::Tcp, endpoint, 1) }).await
    }

    async fn listener(set: &Listeners, endpoint: &str) -> Listener {
        let mut unserved = bound(set, endpoint).await.unwrap().split(1).unwrap();
        unserved.remove(0).into_listener().unwrap()
    }

    /// A client, and where its server sees it.
    fn client(of: &Listener) -> (TcpStream, SocketAddr) {
        let stream = TcpStream::connect(of.local_addr().tcp().unwrap()).unwrap();
        let address = stream.local_addr().unwrap();
        (stream, address)
    }

    async fn peer(listener: &Listener) -> SocketAddr {
        listener.accept().await.unwrap().1.unwrap()
    }

    /// Nobody is accepted, although the runtime has looked at the sockets.
    async fn assert_waits(listener: &Listener) {
        let mut accepting = std::pin::pin!(listener.accept());
        for _ in 0..3 {
            let polled = std::future::poll_fn(|cx| Poll::Ready(accepting.as_mut().poll(cx)));
            assert!(polled.await.is_pending());
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn one_set_at_a_time_accepts_and_nobody_in_the_queue_is_lost() {
        let old_set = Listeners::default();
        let old = listener(&old_set, "127.0.0.1:0").await;
        let endpoint = old.local_addr().to_string();
        let new_set = old_set.successor();
        let new = listener(&new_set, &endpoint).await;

        let (_first, first) = client(&old);
        assert_waits(&new).await;
        assert_eq!(peer(&old).await, first);

        let (_second, second) = client(&old);
        new_set.take_over();
        assert_waits(&old).await;
        drop(old);
        let (_third, third) = client(&new);
        assert_eq!([peer(&new).await, peer(&new).await], [second, third]);
    }

    #[tokio::test]
    async fn whoever_waits_to_accept_notices_the_change() {
        let old_set = Listeners::default();
        let old = listener(&old_set, "127.0.0.1:0").await;
        let endpoint = old.local_addr().to_string();
        let new_set = old_set.successor();
        let new = listener(&new_set, &endpoint).await;
        let accepting = async { tokio::join!(peer(&new), assert_waits(&old)).0 };
        let connecting = async {
            new_set.take_over();
            client(&old)
        };
        let (accepted, (_stream, address)) = tokio::join!(accepting, connecting);
        assert_eq!(accepted, address);
    }

    #[tokio::test]
    async fn only_one_server_of_the_successor_gets_an_address() {
        let old_set = Listeners::default();
        let old = listener(&old_set, "127.0.0.1:0").await;
        let endpoint = old.local_addr().to_string();
        let taken = |result: Result<Bound, ListenError>| result.unwrap_err().kind();
        assert_eq!(
            taken(bind(Transport::Tcp, &endpoint, 1)),
            ErrorKind::AddrInUse
        );
        assert_eq!(
            taken(bound(&old_set, &endpoint).await),
            ErrorKind::AddrInUse
        );
        let stranger = Listeners::default();
        assert_eq!(
            taken(bound(&stranger, &endpoint).await),
            ErrorKind::AddrInUse
        );

        let new_set = old_set.successor();
        let new = bound(&new_set, &endpoint).await.unwrap();
        assert_eq!(
            taken(bound(&new_set, &endpoint).await),
            ErrorKind::AddrInUse
        );
        // What a failed successor had, the next one gets.
        drop(new);
        let new = bound(&old_set.successor(), &endpoint).await.unwrap();
        drop((old, new));
        assert!(bind(Transport::Tcp, &endpoint, 1).is_ok(), "still open");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_file_of_a_socket_goes_with_the_last_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.sock");
        let bound = async |set: &Listeners| {
            let bind = async { bind(Transport::Unix, path.to_str().unwrap(), 2) };
            set.scope(bind).await.unwrap()
        };
        let old_set = Listeners::default();
        let old = bound(&old_set).await;
        let failed = bound(&old_set.successor()).await;
        let cleanup = failed.cleanup();
        drop(failed);
        cleanup.run();
        assert!(path.exists(), "the successor never took over");

        let new_set = old_set.successor();
        let new = bound(&new_set).await;
        new_set.take_over();
        let cleanup = old.cleanup();
        drop(old);
        cleanup.run();
        assert!(path.exists(), "the successor listens there");
        let cleanup = new.cleanup();
        drop(new);
        cleanup.run();
        assert!(!path.exists());
    }
}
