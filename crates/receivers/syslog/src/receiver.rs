//! The receiver: a running input whose entries go through the parser first.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{Component, ComponentError, Host, Outputs, Receiver, Settings};
use headwater_log_network::{Framing, Input};

use crate::config::Config;

/// How long a message may be where its framing says where it ends.
const MAX_MESSAGE: usize = 1024 * 1024;

pub(crate) struct SyslogReceiver {
    settings: Settings,
    config: Config,
    outputs: Outputs,
    running: Mutex<Option<Input>>,
}

impl SyslogReceiver {
    pub(crate) fn new(settings: Settings, config: Config, outputs: Outputs) -> Self {
        Self {
            settings,
            config,
            outputs,
            running: Mutex::default(),
        }
    }

    /// How a connection is taken apart, if not as its own keys say.
    fn framing(&self, max_log_size: usize) -> Option<Framing> {
        let max = if max_log_size == 0 {
            MAX_MESSAGE
        } else {
            max_log_size
        };
        let trailer = self.config.non_transparent_framing_trailer.as_deref();
        if self.config.enable_octet_counting {
            Some(Framing::Octets { max })
        } else if trailer == Some("NUL") {
            Some(Framing::Nul { max })
        } else {
            None
        }
    }

    fn input(&self, host: &Host) -> Result<Option<Input>, ComponentError> {
        let common = &self.config.common;
        let operators = self.config.operators().map_err(ComponentError::new)?;
        let component = (&self.settings, common);
        let around = (&self.outputs, host);
        match (self.config.tcp.as_ref(), self.config.udp.as_ref()) {
            (Some(tcp), _) => {
                let framing = self.framing(tcp.max_log_size.get());
                Input::tcp(tcp, framing, &operators, component, around)
            }
            (None, Some(udp)) => Input::udp(udp, &operators, component, around),
            (None, None) => Err(ComponentError::new("need tcp config or udp config")),
        }
    }
}

#[async_trait]
impl Component for SyslogReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let input = self.input(host)?;
        if let Some(address) = input.as_ref().and_then(Input::address) {
            tracing::info!(parent: &self.settings.span, endpoint = %address, "Listening for syslog messages");
        }
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = input;
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let input = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(input) = input {
            input.shutdown(deadline).await;
        }
        Ok(())
    }
}

impl Receiver for SyslogReceiver {}
