//! The endpoints of own metrics, and how they follow a reload.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use headwater_core::Runtime;
use headwater_core::telemetry::Level;
use tokio::net::TcpListener;

use super::Shared;
use crate::error::StartError;
use crate::metrics::{Endpoint, Exposition, bind};
use crate::telemetry::{PrometheusConfig, TelemetryConfig};

/// Where an endpoint listens, as configured.
type Place = (String, u16);

/// What an endpoint shows; a reload changes it without closing the port.
#[derive(Debug)]
struct View {
    exposition: Exposition,
    level: Level,
}

/// The open endpoints.
#[derive(Default)]
pub(super) struct Endpoints(BTreeMap<Place, (Endpoint, Arc<RwLock<View>>)>);

/// Listeners that a configuration asks for in addition, and what all of its endpoints show.
/// Nothing is answered yet, and nothing that was open has changed.
pub(super) struct Bound {
    wanted: Vec<(Place, View)>,
    listeners: BTreeMap<Place, TcpListener>,
}

impl Endpoints {
    /// Opens the ports that `telemetry` asks for and that are not open yet.
    pub(super) async fn bind(
        &mut self,
        shared: &Shared,
        telemetry: &TelemetryConfig,
    ) -> Result<Bound, StartError> {
        let mut bound = Bound {
            wanted: Vec::new(),
            listeners: BTreeMap::new(),
        };
        if !shared.serve_metrics {
            return Ok(bound);
        }
        let resource = telemetry
            .resource
            .attributes(&shared.build_info, &shared.instance_id);
        for config in prometheus_readers(telemetry) {
            let (Some(host), Some(port)) = (config.host.clone(), config.port) else {
                continue;
            };
            let view = View {
                exposition: Exposition::new(&config, &resource, &shared.build_info.version),
                level: telemetry.metrics.level.into(),
            };
            let place = (host, port);
            if !self.0.contains_key(&place) {
                let listener = bind(&place.0, place.1).await;
                let listener = listener.map_err(|source| StartError::Metrics {
                    address: format!("{}:{}", place.0, place.1),
                    source,
                })?;
                bound.listeners.insert(place.clone(), listener);
            }
            bound.wanted.push((place, view));
        }
        Ok(bound)
    }

    /// Starts to answer on what was bound, changes what is shown, closes what is not wanted any
    /// more.
    pub(super) fn commit(
        &mut self,
        shared: &Shared,
        runtime: &dyn Runtime,
        mut bound: Bound,
    ) -> Result<(), StartError> {
        let mut open = std::mem::take(&mut self.0);
        for (place, view) in bound.wanted {
            if let Some((endpoint, shown)) = open.remove(&place) {
                *shown.write().unwrap_or_else(PoisonError::into_inner) = view;
                self.0.insert(place, (endpoint, shown));
            } else if let Some(listener) = bound.listeners.remove(&place) {
                let shown = Arc::new(RwLock::new(view));
                let (sources, current) = (shared.sources.clone(), Arc::clone(&shown));
                let render = Arc::new(move || {
                    let view = current.read().unwrap_or_else(PoisonError::into_inner);
                    let families = sources.read(view.level);
                    view.exposition
                        .write(&families, &sources.read_open(view.level))
                });
                let endpoint = Endpoint::start(runtime, listener, render).map_err(|source| {
                    let address = format!("{}:{}", place.0, place.1);
                    StartError::Metrics { address, source }
                })?;
                tracing::info!(address = %endpoint.address, "Serving metrics");
                self.0.insert(place, (endpoint, shown));
            }
        }
        Ok(())
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.values().map(|(endpoint, _)| endpoint.address)
    }
}

fn prometheus_readers(telemetry: &TelemetryConfig) -> Vec<PrometheusConfig> {
    let readers = telemetry.metrics.effective_readers();
    readers
        .into_iter()
        .filter_map(|reader| reader.pull?.exporter.prometheus)
        .collect()
}
