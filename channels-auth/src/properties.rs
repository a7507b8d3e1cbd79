//! What holds for every string there is.

use std::{env, fs, path::PathBuf, sync::Arc};

use actix_web::{HttpResponse, test::TestRequest};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use proptest::{prelude::*, sample::Index};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use uuid::Uuid;

use crate::{
    AuthError, Credential, DrfToken, Identity, Jwks, Jwt, JwtIssuer, JwtKey, Knox, Session, Stateless,
    Ticket, Tickets, TokenAuth,
    store::tests::{add_user, django},
};

const SECRET: &str = "s3cr3t-of-the-site";
const PATH: &str = "/ws/";

/// The key pair of RFC 8037 appendix A, and the set in which its issuer publishes it.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const PUBLISHED: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A stack of every kind, and a credential of each kind that is good.
struct Site {
    runtime: Runtime,
    auth: TokenAuth<Stateless>,
    good: Vec<String>,
    /// What is good in a session's cookie, and nowhere else.
    session: String,
    published: PathBuf,
}

/// A token that names a published key.
fn signed_by_issuer() -> String {
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::EdDSA) };
    let claims = json!({ "token_type": "access", "exp": 4_102_444_800_u64, "jti": "1", "user_id": 7 });
    encode(&header, &claims, &EncodingKey::from_ed_pem(ED25519.as_bytes()).unwrap()).unwrap()
}

/// The value of a browser's cookie after a login.
async fn signed_in(sessions: &Session) -> String {
    let request = TestRequest::default().to_http_request();
    let cookie = sessions.of(&request).await.unwrap().login(7).await.unwrap();
    let response = HttpResponse::Ok().insert_header(cookie).finish();
    let line = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    line.split([';', '=']).nth(1).unwrap().to_owned()
}

impl Site {
    fn new() -> Arc<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let published = env::temp_dir().join(format!("channels-properties-{}.json", Uuid::new_v4().simple()));
        fs::write(&published, PUBLISHED).unwrap();
        let (auth, good, session) = runtime.block_on(async {
            let database = django().await;
            add_user(
                &database,
                &json!({ "id": 7, "username": "ann", "password": "md5$x$y", "is_active": true }),
            )
            .await;
            let sessions = Session::new(database.clone(), SECRET);
            let session = signed_in(&sessions).await;
            let (knox, drf) = (Knox::new(database.clone()), DrfToken::new(database));
            let prefixed = knox.clone().token_prefix("knx_");
            let tickets = Tickets::in_memory();
            let good = vec![
                knox.create(7).await.unwrap().0.expose().to_owned(),
                prefixed.create(7).await.unwrap().0.expose().to_owned(),
                drf.create(7).await.unwrap().expose().to_owned(),
                JwtIssuer::hs256(SECRET).issue(7),
                tickets.issue(&Identity::new(7), PATH).await.unwrap().expose().to_owned(),
                signed_by_issuer(),
            ];
            let auth = TokenAuth::stateless().accept(drf).accept(knox).accept(Ticket::new(tickets));
            let jwt = Jwt::jwks(Jwks::file(&published)).or_key(JwtKey::hs256(SECRET));
            (auth.accept(jwt).accept(sessions), good, session)
        });
        Arc::new(Self { runtime, auth, good, session, published })
    }

    /// Asks for the user of a string, and says whether that is as it should be.
    fn check(&self, text: &str) -> Result<(), TestCaseError> {
        let credential = Credential::new(text).presented_at(PATH);
        // PyJWT takes the padding of base64, which says nothing
        let is_good = self.good.iter().any(|good| good == text.trim_end_matches('='));
        self.check_one(&credential, is_good)?;
        self.check_one(&credential.in_cookie("sessionid"), text == self.session)
    }

    fn check_one(&self, credential: &Credential, is_good: bool) -> Result<(), TestCaseError> {
        let text = credential.expose();
        match self.runtime.block_on(self.auth.authenticate(credential)) {
            Ok(user) => prop_assert!(is_good, "{text:?} is taken for {user:?}"),
            Err(AuthError::Invalid(_)) => {}
            Err(other) => prop_assert!(false, "{text:?}: {other}"),
        }
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        fs::remove_file(&self.published).unwrap();
    }
}

fn shapes() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9a-f]{64}",
        "[0-9a-f]{40}",
        "[0-9a-z]{32}",
        "[a-z_]{0,10}[0-9a-f]{16,80}",
        "tkt_[A-Za-z0-9_-]{0,60}",
        "[A-Za-z0-9_-]{1,40}\\.[A-Za-z0-9_-]{1,80}\\.[A-Za-z0-9_-]{0,43}",
        "eyJhbGciOiJ(IUzI1NiJ9|ub25lIn0)\\.[A-Za-z0-9_-]{1,80}\\.[A-Za-z0-9_-]{0,43}",
        "[0-9a-f%' \";\\\\\u{0}\u{fe}-]{0,80}",
    ]
}

/// Changes one place of a good credential.
fn changed(good: &str, at: Index, change: &Change) -> String {
    let mut characters: Vec<char> = good.chars().collect();
    let at = at.index(characters.len());
    match change {
        Change::Replace(with) => characters[at] = *with,
        Change::Insert(with) => characters.insert(at, *with),
        Change::Remove => drop(characters.remove(at)),
        Change::Cut => characters.truncate(at),
        Change::TurnCase => {
            let turned = characters[at];
            characters[at] =
                if turned.is_lowercase() { turned.to_ascii_uppercase() } else { turned.to_ascii_lowercase() };
        }
        Change::Append(more) => characters.extend(more.chars()),
    }
    characters.into_iter().collect()
}

#[derive(Clone, Debug)]
enum Change {
    Replace(char),
    Insert(char),
    Remove,
    Cut,
    TurnCase,
    Append(String),
}

fn changes() -> impl Strategy<Value = Change> {
    let character = || prop_oneof![any::<char>(), proptest::char::range('0', 'f')];
    prop_oneof![
        character().prop_map(Change::Replace),
        character().prop_map(Change::Insert),
        Just(Change::Remove),
        Just(Change::Cut),
        Just(Change::TurnCase),
        shapes().prop_map(Change::Append),
    ]
}

#[test]
fn no_string_that_is_not_a_credential_is_taken_for_a_user() {
    let site = Site::new();
    proptest!(ProptestConfig::with_cases(2_000), |(text in shapes())| site.check(&text)?);
}

#[test]
fn no_credential_with_a_change_in_it_is_taken_for_a_user() {
    let site = Site::new();
    let config = ProptestConfig::with_cases(2_000);
    proptest!(config, |(good in 0..7_usize, at in any::<Index>(), change in changes())| {
        let text = changed(site.good.get(good).unwrap_or(&site.session), at, &change);
        prop_assume!(!site.good[4].eq(&text), "it would use the ticket up");
        site.check(&text)?;
    });
}

#[test]
fn the_credentials_that_are_changed_above_are_good() {
    let site = Site::new();

    for good in &site.good {
        let credential = Credential::new(good.as_str()).presented_at(PATH);
        let user = site.runtime.block_on(site.auth.authenticate(&credential)).unwrap();
        assert_eq!(user.user_id, "7");
    }
    let session = Credential::new(site.session.as_str()).in_cookie("sessionid");
    assert_eq!(site.runtime.block_on(site.auth.authenticate(&session)).unwrap().user_id, "7");
}
