use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{PrivateKeyDer, ServerName},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::soon;

/// A certificate for localhost that its own clients trust, and nobody else.
pub(crate) struct Certificate(rcgen::CertifiedKey<rcgen::KeyPair>);

impl Certificate {
    pub(crate) fn new() -> Self {
        Self(rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap())
    }

    pub(crate) fn server(&self) -> ServerConfig {
        let key = PrivateKeyDer::try_from(self.0.signing_key.serialize_der()).unwrap();
        let chain = vec![self.0.cert.der().clone()];
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap()
    }

    /// What others need to trust it.
    #[cfg(feature = "jwks")]
    pub(crate) fn pem(&self) -> String {
        self.0.cert.pem()
    }

    /// Shakes hands as a client, over a stream that is connected.
    pub(crate) async fn connect(&self, stream: TcpStream) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.cert.der().clone()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let localhost = ServerName::try_from("localhost").unwrap();
        soon("the TLS handshake", connector.connect(localhost, stream)).await.unwrap()
    }

    pub(crate) async fn open(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        self.connect(TcpStream::connect(address).await.unwrap()).await
    }
}
