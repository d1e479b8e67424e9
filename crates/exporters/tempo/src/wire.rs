//! One request over gRPC or HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ::http::HeaderMap;
use ::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use headwater_core::pdata::Payload;
use headwater_core::pdata::json::PartialSuccess;
use headwater_core::rpc::Code;
use headwater_core::telemetry::Attributes;
use headwater_core::{ComponentError, Context, Host, Settings, Worker};
use headwater_transport::Status;
use headwater_transport::config::{GrpcClientConfig, HttpClientConfig};
use headwater_transport::grpc::{self, ClientTarget, Message, Method};
use headwater_transport::http::{self, ClientRequest, POST_ANSWER, Url, parse_url};

use crate::answer::of_http;
use crate::config::TempoConfig;

const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const PATH: &str = "v1/traces";
/// How many tenants' prepared headers are kept.
const MOST_TENANTS: usize = 1000;

struct Connected {
    client: grpc::Client,
    method: Arc<Method>,
    /// By tenant.
    methods: Mutex<HashMap<Box<str>, Arc<Method>>>,
}

enum Protocol {
    Grpc {
        config: GrpcClientConfig,
        target: ClientTarget,
        timeout: Option<Duration>,
        /// From start to shutdown.
        connected: Mutex<Option<Arc<Connected>>>,
    },
    Http {
        config: HttpClientConfig,
        url: Url,
        /// From start to shutdown.
        client: Mutex<Option<http::Client>>,
    },
}

/// See the module.
pub(crate) struct Wire {
    protocol: Protocol,
    tenant_header: Option<HeaderName>,
    user_agent: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stopped() -> Status {
    Status::new(Code::Unavailable, "the exporter is not running")
}

impl Wire {
    pub(crate) fn new(config: &TempoConfig, settings: &Settings) -> Result<Self, ComponentError> {
        let protocol = match config.http.as_ref() {
            Some(http) => {
                let failed = |error| ComponentError::with_source("invalid endpoint", error);
                let mut url = parse_url("http::endpoint", &http.endpoint).map_err(failed)?;
                if matches!(url.uri().path(), "" | "/") {
                    url = url.join(PATH).map_err(failed)?;
                }
                Protocol::Http {
                    config: http.clone(),
                    url,
                    client: Mutex::default(),
                }
            }
            None => Protocol::Grpc {
                target: config
                    .client
                    .endpoint
                    .parse()
                    .map_err(|error| ComponentError::with_source("invalid endpoint", error))?,
                config: config.client.clone(),
                timeout: Some(config.timeout.timeout).filter(|timeout| !timeout.is_zero()),
                connected: Mutex::default(),
            },
        };
        Ok(Self {
            protocol,
            tenant_header: config.tenant_header.parse().ok(),
            user_agent: headwater_exporting::user_agent(&settings.build_info),
        })
    }

    /// Where it sends, for the metrics.
    pub(crate) fn destination(&self) -> Attributes {
        match &self.protocol {
            Protocol::Http { url, .. } => {
                let path = url.uri().path();
                headwater_exporting::destination(url.host(), Some(url.port()), path)
            }
            Protocol::Grpc { target, .. } => {
                let target = target.to_string();
                let named = target
                    .rsplit_once(':')
                    .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
                let (host, port) = match named {
                    Some((host, port)) => (host, Some(port)),
                    None => (target.as_str(), None),
                };
                let host = host.trim_start_matches('[').trim_end_matches(']');
                headwater_exporting::destination(host, port, METHOD)
            }
        }
    }

    pub(crate) async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        match &self.protocol {
            Protocol::Http { config, client, .. } => {
                let built = config.client(host, &self.user_agent).map_err(|error| {
                    ComponentError::with_source("failed to create the HTTP client", error)
                })?;
                *lock(client) = Some(built);
            }
            Protocol::Grpc {
                config, connected, ..
            } => {
                let client = config.client(host, &self.user_agent).map_err(|error| {
                    ComponentError::with_source("failed to create the gRPC client", error)
                })?;
                let tasks: Vec<_> = (0..host.workers())
                    .map(|worker| {
                        let client = client.clone();
                        host.spawn(Worker::Index(worker), async move { client.connect() })
                    })
                    .collect();
                *lock(connected) = Some(Arc::new(Connected {
                    method: Arc::new(client.method(METHOD)),
                    client,
                    methods: Mutex::default(),
                }));
                for task in tasks {
                    task.join().await;
                }
            }
        }
        Ok(())
    }

    /// Closes connections.
    pub(crate) fn stop(&self) {
        match &self.protocol {
            Protocol::Http { client, .. } => drop(lock(client).take()),
            Protocol::Grpc { connected, .. } => drop(lock(connected).take()),
        }
    }

    /// Sends one request once.
    pub(crate) async fn send(
        &self,
        payload: &Payload,
        tenant: Option<&str>,
        context: &Context,
    ) -> Result<PartialSuccess, Status> {
        let header = match (&self.tenant_header, tenant) {
            (Some(name), Some(tenant)) => {
                let value = HeaderValue::from_str(tenant).map_err(|_| {
                    let text = format!("tenant {tenant:?} cannot be sent in a header");
                    Status::new(Code::InvalidArgument, text)
                })?;
                Some((name.clone(), value))
            }
            _ => None,
        };
        let message: Message = payload.segments().cloned().collect();
        let body = match &self.protocol {
            Protocol::Grpc {
                timeout, connected, ..
            } => {
                let connected = lock(connected).clone().ok_or_else(stopped)?;
                let method = connected.method(tenant, header);
                connected
                    .client
                    .call(&method, &message, context, *timeout)
                    .await?
            }
            Protocol::Http { url, client, .. } => {
                let client = lock(client).clone().ok_or_else(stopped)?;
                let mut headers = HeaderMap::with_capacity(2);
                let content_type = HeaderValue::from_static("application/x-protobuf");
                headers.insert(CONTENT_TYPE, content_type);
                headers.extend(header);
                let request = ClientRequest {
                    method: ::http::Method::POST,
                    url: url.clone(),
                    headers,
                    body: message,
                    answer_limit: POST_ANSWER,
                };
                let answer = client.send(request, context).await?;
                if let Some(status) = of_http(&answer, SystemTime::now()) {
                    return Err(status);
                }
                answer.body
            }
        };
        // An answer that is none: Tempo may have taken the request, so it is not sent again.
        Ok(PartialSuccess::from_proto(&body).unwrap_or_default())
    }
}

impl Connected {
    /// The method with a tenant's header.
    fn method(
        &self,
        tenant: Option<&str>,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Arc<Method> {
        let (Some(tenant), Some((name, value))) = (tenant, header) else {
            return Arc::clone(&self.method);
        };
        let mut methods = lock(&self.methods);
        if let Some(known) = methods.get(tenant) {
            return Arc::clone(known);
        }
        if methods.len() == MOST_TENANTS {
            methods.clear();
        }
        let method = Arc::new(self.method.with_header(name, value));
        methods.insert(tenant.into(), Arc::clone(&method));
        method
    }
}
