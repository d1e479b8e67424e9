//! The server side of TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use tokio_rustls::{TlsAcceptor, TlsStream};

use super::reload::Reloading;
use super::{TlsError, files, names};
use crate::config::TlsServerConfig;
use crate::io::Socket;

/// How often a changed `client_ca_file` is looked for. Source: the Collector.
const CLIENT_CA_INTERVAL: Duration = Duration::from_secs(1);

/// Accepts TLS connections.
pub(crate) struct ServerTls {
    settings: TlsServerConfig,
    alpn: Vec<Vec<u8>>,
    provider: Arc<CryptoProvider>,
    config: Reloading<ServerConfig>,
}

impl ServerTls {
    /// Reads the files; `alpn` are the protocols offered, most wanted first.
    pub(crate) fn try_new(
        settings: &TlsServerConfig,
        alpn: &[&[u8]],
    ) -> Result<Arc<Self>, TlsError> {
        let provider = names::provider(&settings.common)?;
        let alpn: Vec<_> = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let common = &settings.common;
        let interval = Some(common.reload_interval).filter(|interval| !interval.is_zero());
        let (mut shortest, mut paths) = (interval, Vec::new());
        if interval.is_some() {
            paths.extend([common.cert_file.clone(), common.key_file.clone()]);
        }
        if settings.client_ca_file_reload && !settings.client_ca_file.is_empty() {
            shortest = Some(interval.map_or(CLIENT_CA_INTERVAL, |i| i.min(CLIENT_CA_INTERVAL)));
            paths.push(settings.client_ca_file.clone());
        }
        paths.retain(|path| !path.is_empty());
        let config = Reloading::try_new(shortest, paths, || make(settings, &alpn, &provider))?;
        Ok(Arc::new(Self {
            settings: settings.clone(),
            alpn,
            provider,
            config,
        }))
    }

    pub(crate) async fn accept(&self, socket: Socket) -> io::Result<TlsStream<Socket>> {
        let config = self
            .config
            .get(|| make(&self.settings, &self.alpn, &self.provider));
        let acceptor = TlsAcceptor::from(config);
        acceptor.accept(socket).await.map(TlsStream::Server)
    }
}

fn make(
    settings: &TlsServerConfig,
    alpn: &[Vec<u8>],
    provider: &Arc<CryptoProvider>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&names::versions(&settings.common))
        .map_err(TlsError::Settings)?;
    let builder = if settings.client_ca_file.is_empty() {
        builder.with_no_client_auth()
    } else {
        let roots = Arc::new(files::client_ca(&settings.client_ca_file)?);
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
        let verifier = verifier.map_err(|error| TlsError::Ca {
            from: format!("`client_ca_file` {:?}", settings.client_ca_file),
            reason: error.to_string(),
        })?;
        builder.with_client_cert_verifier(verifier)
    };
    let key = files::certified_key(&settings.common, provider)?.ok_or(TlsError::Missing {
        from: "`tls` of a server".to_owned(),
        what: "certificate",
        label: "CERTIFICATE",
    })?;
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = alpn.to_vec();
    Ok(config)
}
