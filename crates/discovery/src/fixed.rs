//! Targets that are written in the configuration.

use async_trait::async_trait;
use headwater_prometheus::Labels;
use headwater_prometheus::scrape_config::StaticConfig;

use crate::{Discovery, TargetGroup, Updates};

/// `static_configs`: reports its groups once.
#[derive(Debug)]
pub struct StaticDiscovery {
    groups: Vec<TargetGroup>,
}

impl StaticDiscovery {
    /// The groups are known by their numbers.
    #[must_use]
    pub fn new(configs: &[StaticConfig]) -> Self {
        let groups = configs.iter().enumerate().map(|(index, config)| {
            let labels: Labels = config.labels.iter().collect();
            let target = |address: &headwater_prometheus::Text| -> Labels {
                [("__address__", address.as_str())].into_iter().collect()
            };
            TargetGroup {
                source: index.to_string().into(),
                targets: config.targets.iter().map(target).collect(),
                labels,
            }
        });
        Self {
            groups: groups.collect(),
        }
    }
}

#[async_trait]
impl Discovery for StaticDiscovery {
    async fn run(self: Box<Self>, updates: Updates) {
        if updates.send(self.groups).await.is_ok() {
            updates.closed().await;
        }
    }
}
