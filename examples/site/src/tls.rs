//! TLS, for those who give a certificate.

use std::path::PathBuf;

use clap::Args;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// The flags, both or none.
#[derive(Debug, Args)]
#[group(requires_all = ["cert", "key"])]
pub struct Tls {
    /// The certificate chain, as PEM; with it, all is served over TLS.
    #[arg(long, value_name = "PATH", requires = "key")]
    cert: Option<PathBuf>,

    /// The certificate's private key, as PEM.
    #[arg(long, value_name = "PATH", requires = "cert")]
    key: Option<PathBuf>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Its file is not there, or no certificate.
    #[error("the certificate {0:?} cannot be read; is it PEM?")]
    Certificate(PathBuf, #[source] rustls::pki_types::pem::Error),
    /// Its file is not there, or no key.
    #[error("the key {0:?} cannot be read; is it PEM?")]
    Key(PathBuf, #[source] rustls::pki_types::pem::Error),
    /// The key is another certificate's.
    #[error("the certificate and the key do not fit")]
    Config(#[from] rustls::Error),
}

impl Tls {
    /// What a server over TLS needs; `None` for one without.
    pub(crate) fn config(self) -> Result<Option<ServerConfig>, TlsError> {
        let (Some(cert), Some(key)) = (self.cert, self.key) else { return Ok(None) };
        let chain = CertificateDer::pem_file_iter(&cert).and_then(Iterator::collect);
        let chain = chain.map_err(|source| TlsError::Certificate(cert, source))?;
        let key = PrivateKeyDer::from_pem_file(&key).map_err(|source| TlsError::Key(key, source))?;
        Ok(Some(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?))
    }
}
