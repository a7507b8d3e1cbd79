//! Any bytes as what a client brings to be known by.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{
    http::header::{AUTHORIZATION, COOKIE, HeaderValue, SEC_WEBSOCKET_PROTOCOL},
    rt::{System, SystemRunner},
};
use async_trait::async_trait;
use channels_core::{
    Channels, CloseCode, Frame, MemoryLayer, Result, Socket, WebsocketConsumer, testing::WebsocketRequest,
};
use serde_json::Value;

use crate::{AuthError, Authenticator, Credential, Identity, Source, TokenAuth, stack::in_message};

/// The input: which places hold a credential, then lines: a credential; a query string, a `Cookie` header, a
/// subprotocol and an `Authorization` header for the places that hold none.
///
/// Whoever brings no credential that is good is closed with 4001, whatever else the request says. What a client
/// puts somewhere by the rules is what is checked: all of it, nothing else, and from the first place that holds one.
pub fn credentials(data: &[u8]) {
    let Some((&places, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let secret = line();
    let brought =
        Brought { places, secret, query: line(), cookie: line(), subprotocol: line(), header: line() };

    let (code, seen) = asked(brought.request());

    assert_eq!(code, CloseCode::UNAUTHENTICATED);
    if let Some(expected) = brought.expected() {
        assert_eq!(seen.as_deref(), Some(expected));
    }
    assert_first_message(&text);
}

struct Brought<'a> {
    places: u8,
    secret: &'a str,
    query: &'a str,
    cookie: &'a str,
    subprotocol: &'a str,
    header: &'a str,
}

impl<'a> Brought<'a> {
    fn holds(&self, place: u8) -> bool {
        self.places & (1 << place) != 0
    }

    fn request(&self) -> WebsocketRequest {
        let hex: String = self.secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let query = if self.holds(0) { format!("a=b&token={hex}&token=late") } else { self.query.to_owned() };
        let offers = format!("chat, bearer, {}, graphql", self.secret);
        let cookie = format!("token=early; a=b; token={}", self.secret);
        let header = format!("bEARER {}", self.secret);

        let request = WebsocketRequest::new(format!("/ws/?{query}"));
        [
            (SEC_WEBSOCKET_PROTOCOL, if self.holds(1) { &offers } else { self.subprotocol }),
            (COOKIE, if self.holds(2) { &cookie } else { self.cookie }),
            (AUTHORIZATION, if self.holds(3) { &header } else { self.header }),
        ]
        .into_iter()
        .filter(|(_, value)| HeaderValue::from_str(value).is_ok())
        .fold(request, |request, (name, value)| request.header(name.as_str(), value))
    }

    /// What is checked, where that is beyond doubt: in a header, a token has no mark that has a meaning there.
    fn expected(&self) -> Option<&'a str> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        let token = !self.secret.is_empty() && self.secret.bytes().all(plain);
        let before = [!self.query.is_empty(), !self.subprotocol.is_empty(), !self.cookie.is_empty()];
        let first = (0..4).find(|place| self.holds(*place))?;
        let first_of_all = before.iter().take(usize::from(first)).all(|something| !something);
        (first_of_all && if first == 0 { !self.secret.is_empty() } else { token }).then_some(self.secret)
    }
}

/// Knows nobody, and notes what it was asked.
#[derive(Clone, Default)]
struct Nobody(Arc<Mutex<Option<String>>>);

#[async_trait]
impl Authenticator for Nobody {
    async fn authenticate(
        &self,
        credential: &Credential,
    ) -> std::result::Result<Option<Identity>, AuthError> {
        let shown = format!("{credential:?}");
        assert_eq!(shown, "Credential(***)");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(credential.expose().to_owned());
        Ok(None)
    }
}

struct Never;

impl WebsocketConsumer for Never {
    async fn connect(&mut self, _: &mut Socket) -> Result<()> {
        panic!("nobody was let in")
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        panic!("nobody was let in")
    }
}

/// The whole way of a request: the code it is closed with, and the credential that was checked.
fn asked(request: WebsocketRequest) -> (CloseCode, Option<String>) {
    thread_local! {
        static SERVER: (SystemRunner, Channels, Nobody) = {
            let nobody = Nobody::default();
            let sources = [
                Source::query("token"),
                Source::subprotocol("bearer"),
                Source::cookie("token"),
                Source::authorization("Bearer"),
            ];
            let auth = TokenAuth::stateless().sources(sources).accept(nobody.clone());
            let system = System::new();
            let channels = Channels::new(MemoryLayer::default()).wrap(auth).websocket("/ws/", |_| Ok(Never));
            (system, channels, nobody)
        };
    }
    SERVER.with(|(system, channels, nobody)| {
        let seen = || nobody.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(seen());
        match system.block_on(request.connect(channels)) {
            Ok(_) => panic!("somebody was let in"),
            Err(code) => (code, seen()),
        }
    })
}

/// A credential in a first message is what the message says it is.
fn assert_first_message(text: &str) {
    let Some(credential) = in_message(text) else { return };
    let message: Value = serde_json::from_str(text).expect("a message");
    assert_eq!(message["type"], "authenticate");
    assert_eq!(message["token"], credential.expose());
}
