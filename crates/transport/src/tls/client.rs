//! The client side of TLS.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::{TlsConnector, TlsStream};

use super::reload::Reloading;
use super::{TlsError, files, names};
use crate::config::TlsClientConfig;
use crate::connect::Alpn;
use crate::io::Socket;

/// Opens TLS connections.
pub(crate) struct ClientTls {
    settings: TlsClientConfig,
    provider: Arc<CryptoProvider>,
    /// The CA of the settings; `None` for the system's, which is read when first needed: it
    /// takes milliseconds and a megabyte.
    ca: Option<RootCertStore>,
    config: OnceLock<Reloading<ClientConfig>>,
}

impl ClientTls {
    /// Reads the files of the settings, but not the system's certificates.
    pub(crate) fn try_new(settings: &TlsClientConfig) -> Result<Arc<Self>, TlsError> {
        let provider = names::provider(&settings.common)?;
        let ca = files::ca(&settings.common)?;
        // Found out now, not at the first connection.
        files::certified_key(&settings.common, &provider)?;
        let settings = settings.clone();
        Ok(Arc::new(Self {
            settings,
            provider,
            ca,
            config: OnceLock::new(),
        }))
    }

    pub(crate) async fn connect(
        &self,
        socket: Socket,
        server_name: &str,
        alpn: Alpn,
    ) -> io::Result<TlsStream<Socket>> {
        let config = self.config().map_err(io::Error::other)?;
        let mut config = ClientConfig::clone(&config);
        config.alpn_protocols = match alpn {
            Alpn::Http2 => vec![b"h2".to_vec()],
            Alpn::Either => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Alpn::Http1 => vec![b"http/1.1".to_vec()],
        };
        let name = match self.settings.server_name_override.as_str() {
            "" => server_name,
            name => name,
        };
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| io::Error::other(format!("{name:?} is no name for a certificate")))?;
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, socket).await.map(TlsStream::Client)
    }

    fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let reloading = match self.config.get() {
            Some(reloading) => reloading,
            None => {
                let common = &self.settings.common;
                let interval = Some(common.reload_interval).filter(|i| !i.is_zero());
                let mut paths = vec![common.cert_file.clone(), common.key_file.clone()];
                paths.retain(|path| !path.is_empty());
                let made = Reloading::try_new(interval, paths, || self.make())?;
                self.config.get_or_init(|| made)
            }
        };
        Ok(reloading.get(|| self.make()))
    }

    fn make(&self) -> Result<ClientConfig, TlsError> {
        let common = &self.settings.common;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&names::versions(common))
            .map_err(TlsError::Settings)?;
        let builder = if self.settings.insecure_skip_verify {
            let verifier = AnyCertificate(Arc::clone(&self.provider));
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        } else {
            let mut roots = self.ca.clone().unwrap_or_else(RootCertStore::empty);
            if self.ca.is_none() || common.include_system_ca_certs_pool {
                files::add_system_roots(&mut roots)?;
            }
            builder.with_root_certificates(roots)
        };
        let config = match files::certified_key(common, &self.provider)? {
            Some(key) => builder.with_client_cert_resolver(Arc::new(Shown(Arc::new(key)))),
            None => builder.with_no_client_auth(),
        };
        Ok(config)
    }
}

/// The one certificate to show, whatever the server asks for, as in Go.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0
            .key
            .choose_scheme(schemes)
            .map(|_| Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// `insecure_skip_verify`: the handshake must be sound, but any certificate will do.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
