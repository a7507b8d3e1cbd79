//! What holds for every string there is.

use std::sync::Arc;

use proptest::{prelude::*, sample::Index};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::{
    AuthError, Credential, DrfToken, Identity, Jwt, JwtIssuer, Knox, Stateless, Ticket, Tickets, TokenAuth,
    store::tests::{add_user, django},
};

const SECRET: &str = "s3cr3t-of-the-site";
const PATH: &str = "/ws/";

/// A stack of every kind, and a credential of each kind that is good.
struct Site {
    runtime: Runtime,
    auth: TokenAuth<Stateless>,
    good: Vec<String>,
}

impl Site {
    fn new() -> Arc<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (auth, good) = runtime.block_on(async {
            let database = django().await;
            add_user(&database, &json!({ "id": 7, "username": "ann", "is_active": true })).await;
            let (knox, drf) = (Knox::new(database.clone()), DrfToken::new(database));
            let prefixed = knox.clone().token_prefix("knx_");
            let tickets = Tickets::in_memory();
            let good = vec![
                knox.create(7).await.unwrap().0.expose().to_owned(),
                prefixed.create(7).await.unwrap().0.expose().to_owned(),
                drf.create(7).await.unwrap().expose().to_owned(),
                JwtIssuer::hs256(SECRET).issue(7),
                tickets.issue(&Identity::new(7), PATH).await.unwrap().expose().to_owned(),
            ];
            let auth = TokenAuth::stateless().accept(drf).accept(knox).accept(Ticket::new(tickets));
            (auth.accept(Jwt::hs256(SECRET)), good)
        });
        Arc::new(Self { runtime, auth, good })
    }

    /// Asks for the user of a string, and says whether that is as it should be.
    fn check(&self, text: &str) -> Result<(), TestCaseError> {
        let credential = Credential::new(text).presented_at(PATH);
        let outcome = self.runtime.block_on(self.auth.authenticate(&credential));
        // PyJWT takes the padding of base64, which says nothing
        let is_good = self.good.iter().any(|good| good == text.trim_end_matches('='));
        match outcome {
            Ok(user) => prop_assert!(is_good, "{text:?} is taken for {user:?}"),
            Err(AuthError::Invalid(_)) => {}
            Err(other) => prop_assert!(false, "{text:?}: {other}"),
        }
        Ok(())
    }
}

fn shapes() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9a-f]{64}",
        "[0-9a-f]{40}",
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
    proptest!(config, |(good in 0..5_usize, at in any::<Index>(), change in changes())| {
        let text = changed(&site.good[good], at, &change);
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
}
