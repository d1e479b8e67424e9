//! A narrow pipe to a backend: what a backend looks like that does not keep up.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::error::LoadError;
use crate::scrape::on_a_thread;

/// How often bytes are let through.
const STEP: Duration = Duration::from_millis(50);

/// A proxy that lets a number of bytes per second through on each connection; gone when dropped.
#[derive(Debug)]
pub(super) struct Slow {
    /// Where it listens, on loopback.
    pub(super) address: SocketAddr,
    _stop: oneshot::Sender<Infallible>,
}

impl Slow {
    /// Starts one on a free port in front of `backend`.
    ///
    /// # Errors
    /// No port, no thread.
    pub(super) fn start(backend: SocketAddr, bytes_per_second: u32) -> Result<Self, LoadError> {
        let any = (Ipv4Addr::LOCALHOST, 0).into();
        let serving = move |listener| serve(listener, backend, bytes_per_second);
        let (address, stop) = on_a_thread(any, "slow backend", serving)?;
        Ok(Self {
            address,
            _stop: stop,
        })
    }
}

async fn serve(listener: TcpListener, backend: SocketAddr, bytes_per_second: u32) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(async move {
            // Whoever breaks off notices by itself.
            if let Ok(server) = TcpStream::connect(backend).await {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let request = narrow(&mut from_client, &mut to_server, bytes_per_second);
                let answer = copy(&mut from_server, &mut to_client);
                tokio::select! {
                    _ = request => {}
                    _ = answer => {}
                }
            }
        });
    }
}

/// Copies at most `bytes_per_second`.
async fn narrow(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    bytes_per_second: u32,
) -> std::io::Result<()> {
    let share = (f64::from(bytes_per_second) * STEP.as_secs_f64()).max(1.0) as usize;
    let mut buffer = vec![0; share];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
        tokio::time::sleep(STEP.mul_f64(read as f64 / share as f64)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Instant;

    use super::*;

    #[test]
    fn bytes_pass_unchanged_and_not_all_at_once() {
        let backend = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let slow = Slow::start(backend.local_addr().unwrap(), 100_000).unwrap();
        let sent: Vec<u8> = (0..20_000_u32).map(|n| n as u8).collect();
        let mut client = std::net::TcpStream::connect(slow.address).unwrap();
        let begin = Instant::now();
        client.write_all(&sent).unwrap();
        let (mut server, _) = backend.accept().unwrap();
        let mut received = vec![0; sent.len()];
        server.read_exact(&mut received).unwrap();
        assert_eq!(received, sent);
        // The first 5,000 bytes wait for nothing: three steps are left at the least.
        assert!(begin.elapsed() >= STEP * 3);
        server.write_all(b"answer").unwrap();
        let mut answer = [0; 6];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"answer");
    }
}
