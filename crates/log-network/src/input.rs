//! A running input: what receivers start and stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{ComponentError, Host, Outputs, Settings, Signal, Task, Worker};
use headwater_logs::{Encoding, Handover, Operators};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serving, Stop, Stopper, StreamServer};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::config::{CommonConfig, TcpConfig, UdpConfig};
use crate::framing::Framing;
use crate::lines::Shape;
use crate::tcp::Handler;
use crate::udp::{Datagrams, receive};

/// Receives lines until it is shut down.
#[derive(Debug)]
pub struct Input {
    running: Running,
    address: Option<SocketAddr>,
}

#[derive(Debug)]
enum Running {
    Tcp(Serving),
    Udp { stopper: Stopper, tasks: Vec<Task> },
}

/// What a receiver is built of.
struct Parts<'p> {
    settings: &'p Settings,
    common: &'p CommonConfig,
    outputs: &'p Outputs,
    host: &'p Host,
}

impl Parts<'_> {
    fn shape(
        &self,
        framing: Framing,
        encoding: &Encoding,
        operators: &Operators,
        transport: Option<&'static str>,
    ) -> Arc<Shape> {
        Arc::new(Shape {
            framing,
            encoding: encoding.clone(),
            program: Arc::clone(operators.program()),
            attributes: self.common.attributes.clone(),
            resource: self.common.resource.clone(),
            transport,
        })
    }

    /// None without a pipeline for logs.
    fn handover(&self, transport: &str) -> Option<Handover> {
        Some(Handover {
            output: Arc::clone(self.outputs.get(Signal::Logs)?),
            retry: self.common.retry_on_failure.clone(),
            instruments: ReceiverInstruments::new(self.settings, transport),
            account: self.settings.account.clone(),
            budget: self.host.budget().clone(),
            span: self.settings.span.clone(),
            waits: "The pipeline refuses log records: the sender waits until it takes them",
            drops: "The pipeline refuses log records for good: they are dropped",
        })
    }
}

impl Input {
    /// Listens on TCP. `operators` are those that entries run through, `framing` how connections
    /// are taken apart if not as `config` says.
    ///
    /// # Errors
    /// [`ComponentError`]: an address that cannot be listened on, a certificate that cannot be
    /// used.
    pub fn tcp(
        config: &TcpConfig,
        framing: Option<Framing>,
        operators: &Operators,
        (settings, common): (&Settings, &CommonConfig),
        (outputs, host): (&Outputs, &Host),
    ) -> Result<Option<Self>, ComponentError> {
        let parts = Parts {
            settings,
            common,
            outputs,
            host,
        };
        let Some(handover) = parts.handover("tcp") else {
            return Ok(None);
        };
        let failed = |error| ComponentError::with_source("failed to configure tcp listener", error);
        let bound =
            listen::bind(Transport::Tcp, &config.listen_address, host.workers()).map_err(failed)?;
        let address = bound.local_addr().tcp();
        let handler = Handler {
            shape: parts.shape(
                framing.unwrap_or_else(|| config.framing()),
                &config.encoding,
                operators,
                config.add_attributes.then_some("IP.TCP"),
            ),
            handover,
            one_log_per_packet: config.one_log_per_packet,
            span: settings.span.clone(),
        };
        let server = StreamServer::try_new(&config.tls, config.max_connections, handler)
            .map_err(|error| ComponentError::with_source("failed to configure tls", error))?;
        let serving = Serving::start(host, bound, &server).map_err(failed)?;
        Ok(Some(Self {
            running: Running::Tcp(serving),
            address,
        }))
    }

    /// Listens on UDP, as [`Input::tcp`].
    ///
    /// # Errors
    /// [`ComponentError`]: an address that cannot be listened on.
    pub fn udp(
        config: &UdpConfig,
        operators: &Operators,
        (settings, common): (&Settings, &CommonConfig),
        (outputs, host): (&Outputs, &Host),
    ) -> Result<Option<Self>, ComponentError> {
        let parts = Parts {
            settings,
            common,
            outputs,
            host,
        };
        let Some(handover) = parts.handover("udp") else {
            return Ok(None);
        };
        let failed = |error| ComponentError::with_source("failed to open connection", error);
        let socket = listen::bind_udp(&config.listen_address).map_err(failed)?;
        let address = socket.local_addr().ok();
        let socket = UdpSocket::from_std(socket)
            .map_err(|error| ComponentError::with_source("failed to open connection", error))?;
        let datagrams = Datagrams {
            shape: parts.shape(
                config.framing(),
                &config.encoding,
                operators,
                config.add_attributes.then_some("IP.UDP"),
            ),
            handover,
            one_log_per_packet: config.one_log_per_packet,
            span: settings.span.clone(),
        };
        let stopper = Stopper::default();
        let tasks = if let Some(queue) = config.r#async.as_ref() {
            let (sender, receiver) = mpsc::channel(queue.length());
            let span = settings.span.clone();
            let receive = receive(socket, sender, stopper.stop(), span);
            let process = datagrams.process(receiver, address);
            vec![
                host.spawn(Worker::Current, bounded(receive, stopper.stop())),
                host.spawn(Worker::Current, bounded(process, stopper.stop())),
            ]
        } else {
            let run = datagrams.run(socket, stopper.stop());
            vec![host.spawn(Worker::Current, bounded(run, stopper.stop()))]
        };
        Ok(Some(Self {
            running: Running::Udp { stopper, tasks },
            address,
        }))
    }

    /// Where it listens; never port 0.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Stops receiving and hands on what is in hand; what the pipeline has not taken by `deadline`
    /// is dropped, and booked.
    pub async fn shutdown(self, deadline: Instant) {
        match self.running {
            Running::Tcp(serving) => serving.shutdown(deadline).await,
            Running::Udp { stopper, tasks } => {
                stopper.stop_by(deadline);
                for task in tasks {
                    task.join().await;
                }
            }
        }
    }
}

/// Runs until it ends or the time to stop is over.
async fn bounded(run: impl Future<Output = ()>, stop: Stop) {
    tokio::select! {
        () = run => {}
        () = stop.overdue() => {}
    }
}
