//! The forward connector: hands what one pipeline sends out to other pipelines of the same
//! signal. For joining several pipelines into one, or spreading one over several.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::config::Config as ConfigTrait;
use headwater_core::ledger::Account;
use headwater_core::{
    Batch, Component, ComponentError, Connector, ConnectorFactory, ConnectorOutputs, ConsumeError,
    Consumer, Factory, Settings, Signal, Stability,
};

/// There is nothing to configure.
#[derive(Debug, Clone, Default, PartialEq, Eq, ConfigTrait)]
pub struct Config {}

/// The factory of the `forward` connector.
#[must_use]
pub fn factory() -> Factory {
    Factory::connector(ForwardConnectorFactory)
}

headwater_core::register!(factory);

struct ForwardConnectorFactory;

impl ConnectorFactory for ForwardConnectorFactory {
    type Config = Config;
    const TYPE: &'static str = "forward";

    fn stability(&self, from: Signal, to: Signal) -> Option<Stability> {
        (from == to).then_some(Stability::Stable)
    }

    fn build(
        &self,
        settings: Settings,
        _: Config,
        outputs: ConnectorOutputs,
    ) -> Result<Arc<dyn Connector>, ComponentError> {
        Ok(Arc::new(ForwardConnector {
            account: settings.account,
            next: outputs.all,
        }))
    }
}

struct ForwardConnector {
    account: Account,
    next: Arc<dyn Consumer>,
}

impl Component for ForwardConnector {}

#[async_trait]
impl Consumer for ForwardConnector {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let items = batch.items();
        match self.next.consume(batch).await {
            Ok(()) => {
                self.book(items);
                Ok(())
            }
            Err(mut error) => {
                if let Some(rest) = error.take_undelivered() {
                    self.book(items.saturating_sub(rest.items()));
                    error = error.with_undelivered(rest);
                }
                Err(error)
            }
        }
    }
}

impl ForwardConnector {
    /// Only what the next pipelines took was ever ours.
    fn book(&self, items: usize) {
        self.account.received(items);
        self.account.sent(items);
    }
}

impl Connector for ForwardConnector {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use bytes::Bytes;
    use headwater_core::graph::Environment;
    use headwater_core::{BuildInfo, ComponentId};

    use super::*;

    /// Takes `take` of the items of a batch and hands the rest back.
    struct Partial {
        take: usize,
        seen: Mutex<Vec<usize>>,
    }

    #[async_trait]
    impl Consumer for Partial {
        async fn consume(&self, mut batch: Batch) -> Result<(), ConsumeError> {
            self.seen.lock().unwrap().push(batch.items());
            if batch.items() <= self.take {
                return Ok(());
            }
            let _taken = batch.take_front(self.take).unwrap();
            Err(ConsumeError::retryable("full", None).with_undelivered(batch))
        }
    }

    fn connector(take: usize) -> (Arc<dyn Connector>, Account, Arc<Partial>) {
        let environment = Environment::new(BuildInfo {
            command: "test".into(),
            description: "test".into(),
            version: "0".into(),
        });
        let id: ComponentId = "forward".parse().unwrap();
        let settings = environment.connector_settings(&id, Signal::Traces, Signal::Traces);
        let account = settings.account.clone();
        let next = Arc::new(Partial {
            take,
            seen: Mutex::default(),
        });
        let outputs = ConnectorOutputs {
            signal: Signal::Traces,
            all: Arc::clone(&next) as Arc<dyn Consumer>,
            pipelines: BTreeMap::new(),
        };
        let connector = factory()
            .build_connector(settings, &Config {}, outputs)
            .unwrap();
        (connector, account, next)
    }

    /// Two empty spans in one scope.
    fn two_spans() -> Batch {
        let spans = [0x12, 0, 0x12, 0];
        let scope = [&[0x12, spans.len() as u8][..], &spans].concat();
        let resource = [&[0x0a, scope.len() as u8][..], &scope].concat();
        Batch::new(Signal::Traces, Bytes::from(resource), 2)
    }

    #[tokio::test]
    async fn batches_pass_as_they_are() {
        let (connector, account, next) = connector(2);
        connector.consume(two_spans()).await.unwrap();
        assert_eq!(*next.seen.lock().unwrap(), [2]);
        assert_eq!(account.balance().sent, 2);
        assert_eq!(account.balance().imbalance(), 0);
    }

    #[tokio::test]
    async fn what_is_refused_goes_back_and_is_not_booked() {
        let (connector, account, _) = connector(1);
        let mut error = connector.consume(two_spans()).await.unwrap_err();
        assert_eq!(error.take_undelivered().unwrap().items(), 1);
        let balance = account.balance();
        assert_eq!((balance.received, balance.sent), (1, 1));
        assert_eq!(balance.imbalance(), 0);
    }

    #[test]
    fn a_signal_is_never_turned_into_another() {
        let factory = factory();
        assert!(
            factory
                .connector_stability(Signal::Logs, Signal::Logs)
                .is_some()
        );
        assert!(
            factory
                .connector_stability(Signal::Logs, Signal::Traces)
                .is_none()
        );
    }
}
