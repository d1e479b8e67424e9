//! The receiver: a running input.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{Component, ComponentError, Host, Outputs, Receiver, Settings};
use headwater_log_network::Input;

use crate::config::Config;

pub(crate) struct TcpLogReceiver {
    settings: Settings,
    config: Config,
    outputs: Outputs,
    running: Mutex<Option<Input>>,
}

impl TcpLogReceiver {
    pub(crate) fn new(settings: Settings, config: Config, outputs: Outputs) -> Self {
        Self {
            settings,
            config,
            outputs,
            running: Mutex::default(),
        }
    }
}

#[async_trait]
impl Component for TcpLogReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let common = &self.config.common;
        let input = Input::tcp(
            &self.config.tcp,
            None,
            &common.operators,
            (&self.settings, common),
            (&self.outputs, host),
        )?;
        if let Some(address) = input.as_ref().and_then(Input::address) {
            tracing::info!(parent: &self.settings.span, endpoint = %address, "Listening for TCP logs");
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

impl Receiver for TcpLogReceiver {}
