//! An issuer of tokens, and the server on which it publishes its keys.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderName},
    },
    rt::System,
    web,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::super::{claims, noted};

/// A private key, and the name its public half is published under.
pub(super) struct Signer {
    kid: String,
    key: EncodingKey,
}

impl Signer {
    pub(super) fn new(kid: &str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self { kid: kid.to_owned(), key: EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap() }
    }

    /// Ann's token.
    pub(super) fn token(&self) -> String {
        self.token_by(Some(&self.kid))
    }

    /// The same, whichever key it names.
    pub(super) fn token_by(&self, kid: Option<&str>) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        noted(encode(&header, &claims(), &self.key).unwrap())
    }

    pub(super) fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).unwrap()
    }
}

/// What is published of these keys.
pub(super) fn set(signers: &[&Signer]) -> String {
    json!({ "keys": signers.iter().map(|signer| signer.public()).collect::<Vec<_>>() }).to_string()
}

/// What an issuer answers those who ask for its keys.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) header: (HeaderName, String),
    pub(super) body: String,
}

impl Answer {
    pub(super) fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, header: (CACHE_CONTROL, "public".to_owned()), body: body.into() }
    }

    pub(super) fn status(status: u16) -> Self {
        Self { status, ..Self::ok("s3cr3t") }
    }

    pub(super) fn header(self, name: HeaderName, value: impl Into<String>) -> Self {
        Self { header: (name, value.into()), ..self }
    }
}

pub(super) struct Issuer {
    shared: Arc<Shared>,
    server: Option<(ServerHandle, JoinHandle<()>)>,
    address: SocketAddr,
    scheme: &'static str,
}

struct Shared {
    answer: Mutex<Answer>,
    asked: AtomicUsize,
    /// One is needed for each answer.
    permits: Semaphore,
}

impl Issuer {
    pub(super) fn publishing(signers: &[&Signer]) -> Self {
        Self::answering(Answer::ok(set(signers)), None)
    }

    pub(super) fn answering(answer: Answer, tls: Option<ServerConfig>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let permits = Semaphore::new(Semaphore::MAX_PERMITS);
        let shared = Shared { answer: Mutex::new(answer), asked: AtomicUsize::new(0), permits };
        let shared = Arc::new(shared);
        let (address, server) = serve(Arc::clone(&shared), "127.0.0.1:0".parse().unwrap(), tls);
        Self { shared, server: Some(server), address, scheme }
    }

    pub(super) fn url(&self) -> String {
        // by its name: that is what a certificate is for
        format!("{}://localhost:{}/.well-known/jwks.json", self.scheme, self.address.port())
    }

    pub(super) fn publishes(&self, signers: &[&Signer]) {
        self.answers(Answer::ok(set(signers)));
    }

    pub(super) fn answers(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// Answers nobody any more, until it goes on.
    pub(super) fn hangs(&self) {
        self.shared.permits.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(super) fn goes_on(&self) {
        self.shared.permits.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Is gone: nobody listens there.
    pub(super) async fn stop(&mut self) {
        let (server, thread) = self.server.take().expect("it is there");
        server.stop(false).await;
        thread.join().unwrap();
    }

    /// Is there again, at the same place.
    pub(super) fn start(&mut self) {
        self.server = Some(serve(Arc::clone(&self.shared), self.address, None).1);
    }
}

fn serve(
    shared: Arc<Shared>,
    address: SocketAddr,
    tls: Option<ServerConfig>,
) -> (SocketAddr, (ServerHandle, JoinHandle<()>)) {
    let (started, starts) = mpsc::channel();
    let thread = thread::spawn(move || {
        System::new().block_on(async move {
            let shared = web::Data::from(shared);
            let app = move || App::new().app_data(shared.clone()).default_service(web::to(answer));
            let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0);
            let server = match tls {
                #[cfg(feature = "rustls")]
                Some(tls) => server.bind_rustls_0_23(address, tls),
                #[cfg(not(feature = "rustls"))]
                Some(_) => unreachable!("the tests over TLS have the feature"),
                None => server.bind(address),
            };
            let server = server.unwrap();
            let address = server.addrs()[0];
            let server = server.run();
            started.send((address, server.handle())).unwrap();
            server.await.unwrap();
        });
    });
    let (address, handle) = starts.recv().unwrap();
    (address, (handle, thread))
}

async fn answer(issuer: web::Data<Shared>) -> HttpResponse {
    issuer.asked.fetch_add(1, Ordering::Relaxed);
    issuer.permits.acquire().await.unwrap().forget();
    let Answer { status, header, body } = issuer.answer.lock().unwrap().clone();
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).insert_header(header).body(body)
}

impl Drop for Issuer {
    fn drop(&mut self) {
        if let Some((server, thread)) = self.server.take() {
            drop(server.stop(false));
            thread.join().unwrap();
        }
    }
}
