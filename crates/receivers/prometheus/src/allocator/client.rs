//! Asks the allocator for jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use headwater_config::{parse_yaml, render_human};
use headwater_core::config::{
    Config, DecodeContext, Diagnostics, Node, Origin, Source, SourceKind, Validation, Value,
};
use headwater_core::{Context, Host, Settings};
use headwater_discovery::{Discovery, HttpDiscovery, TargetGroup, Updates, groups_from_json};
use headwater_prometheus::percent::escape_query;
use headwater_prometheus::scrape_config::{
    DiscoveryConfigs, HttpClientConfig, HttpSdConfig, Job, PrometheusConfig, ScrapeConfig,
    ScrapeProtocol, TlsConfig, TlsVersion as PromTlsVersion,
};
use headwater_transport::config::{BuildError, TlsClientConfig, TlsVersion};
use headwater_transport::http::{Client, ClientRequest, Url, parse_url};
use http::{HeaderMap, Method, StatusCode};
use thiserror::Error;
use tokio::sync::mpsc;

use super::TargetAllocatorConfig;
use crate::discover::discoveries;
use crate::manager::{NewJob, Order};

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 64 << 20;
/// Waits between attempts as long as the allocator cannot be reached.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why there is no allocator.
#[derive(Debug, Error)]
pub(crate) enum AllocatorError {
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// A client of a target allocator.
pub(crate) struct Allocator {
    config: TargetAllocatorConfig,
    asker: Asker,
    span: tracing::Span,
}

/// What asks. Cheap to clone.
#[derive(Clone)]
struct Asker {
    client: Client,
    base: Url,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker").finish_non_exhaustive()
    }
}

impl Allocator {
    pub(crate) fn new(
        config: &TargetAllocatorConfig,
        host: &Host,
        settings: &Settings,
        user_agent: &str,
    ) -> Result<Self, AllocatorError> {
        let client = config.client.client(host, user_agent)?;
        let base = parse_url("endpoint", &config.client.endpoint)?;
        Ok(Self {
            config: config.clone(),
            asker: Asker { client, base },
            span: settings.span.clone(),
        })
    }

    /// Asks for jobs again and again and gives them to the manager, beside those of `local`.
    pub(crate) async fn run(
        self,
        local: PrometheusConfig,
        user_agent: String,
        orders: mpsc::Sender<Order>,
    ) {
        tracing::info!(parent: &self.span, "Starting target allocator discovery");
        let mut known: Option<BTreeMap<String, Node>> = None;
        let mut wait = FIRST_WAIT;
        loop {
            match self.jobs().await {
                Ok(jobs) => {
                    wait = self.config.interval;
                    if known.as_ref() != Some(&jobs) {
                        let all = self.combine(&local, &jobs, &user_agent);
                        known = Some(jobs);
                        if orders.send(Order::Jobs(all)).await.is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(parent: &self.span, error, "Failed to retrieve job list");
                    if known.is_none() {
                        tokio::time::sleep(wait).await;
                        wait = (wait * 2).min(LONGEST_WAIT);
                        continue;
                    }
                }
            }
            tokio::time::sleep(self.config.interval).await;
        }
    }

    /// The jobs that the allocator has, by name.
    async fn jobs(&self) -> Result<BTreeMap<String, Node>, String> {
        let text = self.asker.get("scrape_configs").await?;
        let shard = std::env::var("SHARD").unwrap_or_else(|_| "0".to_owned());
        let text = text.replace("$(SHARD)", &shard);
        let name = format!("{}/scrape_configs", self.config.client.endpoint);
        let node = parse(&name, &text)?;
        match node.value {
            Value::Map(map) => Ok(map
                .iter()
                .map(|(key, node)| (key.name.to_string(), node.clone()))
                .collect()),
            Value::Null => Ok(BTreeMap::new()),
            _ => Err(format!("{name}: the answer is no object of jobs")),
        }
    }

    /// The local jobs and those of the allocator.
    fn combine(
        &self,
        local: &PrometheusConfig,
        allocated: &BTreeMap<String, Node>,
        user_agent: &str,
    ) -> Vec<NewJob> {
        let mut jobs = Vec::new();
        let local_jobs = local.jobs().unwrap_or_else(|error| {
            tracing::error!(parent: &self.span, error, "could not get scrape configs");
            Vec::new()
        });
        for job in local_jobs {
            let discoveries = discoveries(&job, user_agent, &self.span);
            jobs.push(NewJob { job, discoveries });
        }
        for (name, node) in allocated {
            if jobs.iter().any(|known| *known.job.name == **name) {
                self.complain(name, "there is a job of that name already");
                continue;
            }
            let allocated = self
                .allocated(local, name, node)
                .and_then(|job| Ok((job, self.discovery(name, user_agent)?)));
            match allocated {
                Ok((job, discovery)) => jobs.push(NewJob {
                    job,
                    discoveries: vec![discovery],
                }),
                Err(error) => self.complain(name, &error),
            }
        }
        jobs
    }

    fn complain(&self, job: &str, error: &str) {
        tracing::error!(
            parent: &self.span,
            job,
            error,
            "Failed to validate the scrape configuration"
        );
    }

    fn allocated(&self, local: &PrometheusConfig, name: &str, node: &Node) -> Result<Job, String> {
        let mut config = decode(name, node)?;
        // Targets come from the allocator alone.
        config.discovery = DiscoveryConfigs::default();
        if let Some(http) = &self.config.http_scrape_config {
            config.http = http.clone();
        }
        if config.job_name.is_empty() {
            config.job_name = name.into();
        }
        config
            .fallback_scrape_protocol
            .get_or_insert(ScrapeProtocol::PrometheusText0_0_4);
        local.job(&config).map_err(|error| error.to_string())
    }

    /// What asks for the targets of a job: the allocator's own client, or one as `http_sd_config` says.
    fn discovery(&self, job: &str, user_agent: &str) -> Result<Box<dyn Discovery>, String> {
        let mut path = String::from("jobs/");
        escape_query(&mut path, job);
        path.push_str("/targets?collector_id=");
        escape_query(&mut path, &self.config.collector());
        let url = self.asker.url(&path)?.to_string();
        let configured = self.config.http_sd_config.clone().unwrap_or_default();
        if configured.http != HttpClientConfig::default() {
            let mut http = configured.http;
            http.follow_redirects = false;
            http.tls_config = tls(&self.config.client.tls);
            let config = HttpSdConfig {
                url: url.into(),
                refresh_interval: configured.refresh_interval,
                http,
            };
            let discovery = HttpDiscovery::new(&config, user_agent);
            return Ok(Box::new(discovery.map_err(|error| error.to_string())?));
        }
        Ok(Box::new(Allocated {
            asker: self.asker.clone(),
            path,
            url,
            interval: configured.refresh_interval.get(),
            span: self.span.clone(),
        }))
    }
}

/// The allocator's TLS in Prometheus's words.
fn tls(client: &TlsClientConfig) -> TlsConfig {
    let shared = &client.common;
    let version = |version| match version {
        TlsVersion::Default => None,
        TlsVersion::V10 => Some(PromTlsVersion::Tls10),
        TlsVersion::V11 => Some(PromTlsVersion::Tls11),
        TlsVersion::V12 => Some(PromTlsVersion::Tls12),
        TlsVersion::V13 => Some(PromTlsVersion::Tls13),
    };
    TlsConfig {
        ca: shared.ca_pem.expose().into(),
        cert: shared.cert_pem.expose().into(),
        key: shared.key_pem.expose().into(),
        ca_file: shared.ca_file.as_str().into(),
        cert_file: shared.cert_file.as_str().into(),
        key_file: shared.key_file.as_str().into(),
        server_name: client.server_name_override.as_str().into(),
        insecure_skip_verify: client.insecure_skip_verify,
        min_version: version(shared.min_version),
        max_version: version(shared.max_version),
    }
}

impl Asker {
    fn url(&self, path: &str) -> Result<Url, String> {
        self.base.join(path).map_err(|error| error.to_string())
    }

    async fn get(&self, path: &str) -> Result<String, String> {
        let url = self.url(path)?;
        let shown = url.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::ACCEPT,
            http::HeaderValue::from_static("application/json"),
        );
        let request = ClientRequest {
            method: Method::GET,
            url,
            headers,
            body: headwater_transport::grpc::Message::default(),
            answer_limit: LONGEST_ANSWER,
        };
        let answer = self
            .client
            .send(request, &Context::default())
            .await
            .map_err(|status| status.message().to_owned())?;
        if answer.status != StatusCode::OK {
            return Err(format!(
                "{shown}: server returned HTTP status {}",
                answer.status
            ));
        }
        if answer.truncated {
            return Err(format!("{shown}: the answer is too long"));
        }
        String::from_utf8(answer.body.to_vec()).map_err(|_| format!("{shown}: no UTF-8"))
    }
}

/// The targets of one job that the allocator gives to this collector.
#[derive(Debug)]
struct Allocated {
    asker: Asker,
    path: String,
    url: String,
    interval: Duration,
    span: tracing::Span,
}

#[async_trait]
impl Discovery for Allocated {
    async fn run(self: Box<Self>, updates: Updates) {
        let mut before: Vec<Arc<str>> = Vec::new();
        let mut wait = FIRST_WAIT;
        let mut reached = false;
        loop {
            match self.ask().await {
                Ok(mut groups) => {
                    reached = true;
                    let sources: Vec<_> =
                        groups.iter().map(|one| Arc::clone(&one.source)).collect();
                    // Groups that were there before and are not any more.
                    for gone in before.iter().filter(|source| !sources.contains(source)) {
                        groups.push(TargetGroup {
                            source: Arc::clone(gone),
                            ..TargetGroup::default()
                        });
                    }
                    before = sources;
                    if updates.send(groups).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(parent: &self.span, error, "Unable to refresh target groups");
                }
            }
            if reached {
                tokio::time::sleep(self.interval).await;
            } else {
                tokio::time::sleep(wait.min(self.interval)).await;
                wait *= 2;
            }
        }
    }
}

impl Allocated {
    async fn ask(&self) -> Result<Vec<TargetGroup>, String> {
        let text = self.asker.get(&self.path).await?;
        groups_from_json(text.as_bytes(), &self.url, "__meta_url")
            .map_err(|error| format!("{}: {error}", self.url))
    }
}

fn parse(name: &str, text: &str) -> Result<Node, String> {
    let source = Source::new(SourceKind::Http, name.to_owned(), text);
    let mut diagnostics = Diagnostics::new();
    let node = parse_yaml(&source, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(render_human(&diagnostics, false));
    }
    Ok(node.unwrap_or_default())
}

fn decode(name: &str, node: &Node) -> Result<ScrapeConfig, String> {
    let mut diagnostics = Diagnostics::new();
    let mut config = ScrapeConfig::default();
    let mut cx = DecodeContext::new(&mut diagnostics, name, &Origin::Default);
    config.decode(node, &mut cx);
    let mut validation = Validation::new(&mut diagnostics, name, &Origin::Default, Some(node));
    config.validate(&mut validation);
    if diagnostics.has_errors() {
        return Err(render_human(&diagnostics, false));
    }
    Ok(config)
}
