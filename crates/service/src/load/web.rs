//! Configurations from `http:` and `https:` URIs, over the same client as telemetry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use headwater_config::Fetch;
use headwater_core::{Budget, Context, Host};
use headwater_transport::config::HttpClientConfig;
use headwater_transport::http::{Answer, ClientRequest, parse_url};
use http::{HeaderMap, Method, StatusCode};

use crate::logs::chain;
use crate::workers::Embedded;

/// The longest that a fetch may take. Upstream would wait for ever.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest document, in bytes.
const MAX_DOCUMENT: usize = 16 << 20;

/// Fetches with TLS, as far as this program has it, and through the proxies of the environment.
pub(super) struct Web;

impl Fetch for Web {
    fn fetch(&self, url: &str) -> Result<String, String> {
        fetch_document(url)
    }
}

/// The document at `url`.
pub(crate) fn fetch_document(url: &str) -> Result<String, String> {
    // The caller may stand in a runtime, where another one cannot be waited for.
    thread::scope(|scope| scope.spawn(|| fetch(url)).join())
        .unwrap_or_else(|_| Err("the request broke off".to_owned()))
}

fn fetch(url: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let spawner = Arc::new(Embedded(runtime.handle().clone()));
    let host = Host::new(spawner, BTreeMap::new(), Budget::default(), |_| {});
    let answer = runtime.block_on(async {
        let get = get(url, &host);
        match tokio::time::timeout(TIMEOUT, get).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer after {} s", TIMEOUT.as_secs())),
        }
    })?;
    if answer.status != StatusCode::OK {
        return Err(format!("the server answered {}", answer.status));
    }
    if answer.truncated {
        return Err(format!("the document is larger than {MAX_DOCUMENT} bytes"));
    }
    String::from_utf8(answer.body.to_vec()).map_err(|_| "the document is not UTF-8".to_owned())
}

async fn get(url: &str, host: &Host) -> Result<Answer, String> {
    let client = HttpClientConfig::new(url)
        .client(host, "headwater")
        .map_err(|error| chain(&error))?;
    let request = ClientRequest {
        method: Method::GET,
        url: parse_url("endpoint", url).map_err(|error| chain(&error))?,
        headers: HeaderMap::new(),
        body: [].into_iter().collect(),
        answer_limit: MAX_DOCUMENT,
    };
    let answer = client.send(request, &Context::default()).await;
    answer.map_err(|status| status.message().to_owned())
}
