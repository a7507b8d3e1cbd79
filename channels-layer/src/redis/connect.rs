//! Opens connections to one server, within a time limit.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ProtocolVersion, RedisResult,
    TlsCertificates, TlsMode,
    aio::{AsyncPushSender, MultiplexedConnection},
    io::tcp::TcpSettings,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};
use tokio::time::timeout;

use super::{
    RedisHost, RedisOptions,
    host::{Place, Sentinel},
};

/// Opens connections to one server.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    host: RedisHost,
    tls_root: Option<Vec<u8>>,
    time_limit: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("there was no connection to {0} within {1:?}")]
    Late(String, Duration),
    #[error("there is no connection to {0}")]
    Refused(String, #[source] redis::RedisError),
}

impl Connector {
    /// One for each of the servers.
    pub(super) fn all(options: &RedisOptions) -> Vec<Self> {
        let connector = |host: &RedisHost| Self {
            host: host.clone(),
            tls_root: options.tls_root.clone(),
            time_limit: options.time_limit,
        };
        options.hosts.iter().map(connector).collect()
    }

    /// Where the server is, for the log.
    pub(super) fn shown(&self) -> String {
        self.host.shown()
    }

    /// One to another server of the same cluster. `None` if this one is not reached over TCP.
    pub(super) fn at(&self, host: &str, port: u16) -> Option<Self> {
        let Place::Server(info) = &self.host.0 else { return None };
        let address = match info.addr().clone() {
            ConnectionAddr::Tcp(..) => ConnectionAddr::Tcp(host.to_owned(), port),
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host: host.to_owned(), port, insecure, tls_params }
            }
            ConnectionAddr::Unix(_) | _ => return None,
        };
        Some(Self { host: RedisHost(Place::Server(info.clone().set_addr(address))), ..self.clone() })
    }

    /// Where the server is, if that is a single one that is reached over TCP, and whether with TLS.
    pub(super) fn address(&self) -> Option<(&str, u16, bool)> {
        let Place::Server(info) = &self.host.0 else { return None };
        match info.addr() {
            ConnectionAddr::Tcp(host, port) => Some((host, *port, false)),
            ConnectionAddr::TcpTls { host, port, .. } => Some((host, *port, true)),
            ConnectionAddr::Unix(_) | _ => None,
        }
    }

    /// A connection that is ready. Whoever uses it puts a limit on each answer.
    pub(super) async fn connect(&self) -> Result<MultiplexedConnection, ConnectError> {
        self.within_limit(self.open(|info| info, config())).await
    }

    /// One over which the server also says what nobody asked for, in its third protocol. `push` hears it on the
    /// connection's own task, in the order of the server: while it is busy, nothing more is read.
    pub(super) async fn listen(
        &self,
        push: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, ConnectError> {
        let third = |info: ConnectionInfo| {
            let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            info.set_redis_settings(settings)
        };
        self.within_limit(self.open(third, config().set_push_sender(push))).await
    }

    async fn within_limit(
        &self,
        opening: impl Future<Output = RedisResult<MultiplexedConnection>>,
    ) -> Result<MultiplexedConnection, ConnectError> {
        match timeout(self.time_limit, opening).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(ConnectError::Refused(self.shown(), error)),
            Err(_) => Err(ConnectError::Late(self.shown(), self.time_limit)),
        }
    }

    async fn open(
        &self,
        adapt: impl FnOnce(ConnectionInfo) -> ConnectionInfo,
        config: AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        let info = match &self.host.0 {
            Place::Server(info) => info.clone(),
            Place::Sentinel(sentinel) => self.find(sentinel).await?,
        };
        let client = self.client(adapt(info))?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        // a server lets anybody in, and refuses the first command: of one who is not logged in, or while it loads
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(connection)
    }

    fn client(&self, info: ConnectionInfo) -> RedisResult<Client> {
        // an event is small, and somebody waits for it
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        if let ConnectionAddr::TcpTls { .. } = info.addr() {
            choose_cryptography();
            return Client::build_with_tls(info, self.certificates());
        }
        Client::open(info)
    }

    fn certificates(&self) -> TlsCertificates {
        TlsCertificates { client_tls: None, root_cert: self.tls_root.clone() }
    }

    /// Asks the sentinels for the master. The one they name is asked whether it is.
    async fn find(&self, sentinel: &Sentinel) -> RedisResult<ConnectionInfo> {
        let addresses = sentinel.sentinels.iter().map(|info| info.addr().clone());
        let mut builder =
            SentinelClientBuilder::new(addresses, sentinel.service.clone(), SentinelServerType::Master)?
                .set_client_to_redis_db(sentinel.server.db());
        if let Some(user) = sentinel.server.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = sentinel.server.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        let asked = sentinel.sentinels.first().map(ConnectionInfo::redis_settings);
        if let Some(user) = asked.and_then(redis::RedisConnectionInfo::username) {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = asked.and_then(redis::RedisConnectionInfo::password) {
            builder = builder.set_client_to_sentinel_password(password);
        }
        let over_tls = |info: &ConnectionInfo| matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        if sentinel.sentinels.iter().any(over_tls) {
            choose_cryptography();
            builder = builder.set_client_to_sentinel_tls_mode(TlsMode::Secure);
            builder = builder.set_client_to_sentinel_certificates(self.certificates());
        }
        if let Some(mode) = sentinel.tls_mode() {
            choose_cryptography();
            builder = builder.set_client_to_redis_tls_mode(mode);
            builder = builder.set_client_to_redis_certificates(self.certificates());
        }
        let client = builder.build()?.async_get_client().await?;
        Ok(client.get_connection_info().clone())
    }
}

/// Without time limits: whoever opens and uses a connection has its own.
fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None)
}

/// rustls wants to be told whose cryptography to use, once in a process. Who has told it is not overruled.
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::debug!("somebody else chose rustls' cryptography at the same moment");
    }
}
