use std::{sync::Arc, time::SystemTime};

use actix_web::{App, HttpResponse, http::StatusCode, test, web};
use channels_actix::{testing::TestServer, *};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;

use super::{
    Desk, SECRET, Site, User, Users, jwt, lives, logged_out_everywhere, open, refused, revoked, seconds,
    signed,
};
use crate::support::{Client, soon, until};

#[tokio::test]
async fn all_sockets_of_a_token_are_closed_when_it_is_revoked_and_no_others() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    let token = jwt(7, 1);
    let mut tabs = [open(&server, &token).await, open(&server, &token).await];
    let mut others = [open(&server, &jwt(7, 2)).await, open(&server, &jwt(11, 1)).await];

    assert!(site.revoker.revoke(&Credential::new(&token)).await.unwrap());

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
    }
    for other in &mut others {
        lives(other).await;
    }
}

#[tokio::test]
async fn a_token_without_a_store_is_refused_from_then_on() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    let token = jwt(7, 1);

    assert!(site.revoker.revoke(&Credential::new(&token)).await.unwrap());

    assert_eq!(refused(&server, &token).await, (4001, "bad token".into()));
    // PyJWT takes padding, so that a signature can be written in two ways
    assert_eq!(refused(&server, &format!("{token}=")).await, (4001, "bad token".into()));
    assert!(!site.revoker.revoke(&Credential::new(&token)).await.unwrap());
    open(&server, &jwt(7, 2)).await;
}

#[tokio::test]
async fn what_is_no_good_token_is_not_remembered() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    site.keys.put("key_7_a", None);

    for token in ["", "bad", "key_7_unknown", &jwt(7, 1).replace('.', "")] {
        assert!(!site.revoker.revoke(&Credential::new(token)).await.unwrap(), "{token}");
    }

    lives(&mut open(&server, "key_7_a").await).await;
}

#[tokio::test]
async fn a_wrong_signature_under_somebodys_token_ends_nothing() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    let (token, other) = (jwt(7, 1), jwt(7, 2));
    let mut tab = open(&server, &token).await;
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();

    let forged = Credential::new(format!("{signed}.{signature}"));
    assert!(!site.revoker.revoke(&forged).await.unwrap());

    lives(&mut tab).await;
    open(&server, &token).await;
}

#[tokio::test]
async fn all_sockets_of_a_user_are_closed_by_a_logout_everywhere_whatever_they_came_with() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    for key in ["key_7_a", "key_7_b", "key_11_a"] {
        site.keys.put(key, None);
    }
    let mut tabs = Vec::new();
    let token = jwt(7, 1);
    for credential in ["key_7_a", "key_7_b", &token, &token] {
        tabs.push(open(&server, credential).await);
    }
    let mut other = open(&server, "key_11_a").await;

    site.revoker.logout_everywhere(" 7").await.unwrap();

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, logged_out_everywhere());
    }
    for credential in ["key_7_a", "key_7_b", &token, &jwt(7, 2)] {
        assert_eq!(refused(&server, credential).await, (4001, "bad token".into()));
    }
    lives(&mut other).await;
    // tokens count whole seconds
    let at = seconds(SystemTime::now());
    until("the next second", || seconds(SystemTime::now()) > at).await;
    open(&server, &signed(SECRET, &json!({}))).await;
}

#[tokio::test]
async fn a_store_that_is_down_is_an_error_and_the_sockets_are_closed_all_the_same() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    site.keys.put("key_7_a", None);
    site.keys.put("key_7_b", None);
    let mut one = open(&server, "key_7_a").await;
    let mut other = open(&server, "key_7_b").await;
    site.keys.set_down(true);

    let outcome = site.revoker.revoke(&Credential::new("key_7_a")).await;
    assert!(matches!(outcome, Err(AuthError::Unavailable(_))));
    assert_eq!(one.closed().await, revoked());

    let outcome = site.revoker.logout_everywhere(7).await;
    assert!(matches!(outcome, Err(AuthError::Unavailable(_))));
    assert_eq!(other.closed().await, logged_out_everywhere());
}

#[tokio::test]
async fn a_consumer_logs_its_user_out_of_this_login_or_of_all() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    let token = jwt(7, 1);
    let mut tabs = [open(&server, &token).await, open(&server, &token).await];
    let mut phone = open(&server, &jwt(7, 2)).await;
    let mut other = open(&server, &jwt(11, 1)).await;

    tabs[0].text("log me out").await;
    for tab in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
    }
    lives(&mut phone).await;
    phone.text("log me out everywhere").await;

    assert_eq!(phone.closed().await, logged_out_everywhere());
    lives(&mut other).await;
}

#[tokio::test]
async fn visitors_are_not_concerned_and_have_nothing_to_log_out_of() {
    let site = Site::new(TokenAuth::or_anonymous);
    let server = site.serve();
    let mut visitor = Client::connect(&server.url("/ws/")).await;
    assert_eq!(visitor.next_text().await, "hello nobody");

    site.revoker.logout_everywhere("").await.unwrap();
    visitor.text("log me out").await;

    lives(&mut visitor).await;
    assert_eq!(site.revoker.connections(), 0);
}

async fn log_out(user: Authenticated<User>, revoker: web::Data<Revoker>) -> Result<HttpResponse, AuthError> {
    revoker.logout(&user).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[actix_web::test]
async fn a_request_logs_out_the_token_it_came_with() {
    let site = Site::new(|auth| auth);
    let server = site.serve();
    let (token, other) = (jwt(7, 1), jwt(7, 2));
    let app = App::new()
        .app_data(site.rest.clone())
        .app_data(web::Data::new(site.revoker.clone()))
        .route("/logout", web::post().to(log_out));
    let app = test::init_service(app).await;
    let mut tab = open(&server, &token).await;
    let mut phone = open(&server, &other).await;
    let logout = || {
        let header = ("Authorization", format!("Bearer {token}"));
        test::TestRequest::post().uri("/logout").insert_header(header).to_request()
    };

    assert_eq!(test::call_service(&app, logout()).await.status(), StatusCode::NO_CONTENT);

    assert_eq!(tab.closed().await, revoked());
    lives(&mut phone).await;
    // REST endpoints and sockets agree
    assert_eq!(test::call_service(&app, logout()).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused(&server, &token).await.0, 4001);
}

#[tokio::test]
async fn two_stacks_on_one_layer_hear_of_each_others_revocations() {
    let layer = Layer::new(MemoryLayer::default());
    let (one, other) = (Site::on(layer.clone(), |auth| auth), Site::on(layer, |auth| auth));
    let (here, there) = (one.serve(), other.serve());
    let token = jwt(7, 1);
    let mut tabs = [open(&here, &token).await, open(&there, &token).await];

    one.revoker.revoke(&Credential::new(&token)).await.unwrap();

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
    }
    assert_eq!(refused(&there, &token).await, (4001, "bad token".into()));
}

#[tokio::test]
async fn a_stack_listens_from_its_first_connection_and_when_its_thread_ends_another_does() {
    let layer = Layer::new(MemoryLayer::default());
    let auth = TokenAuth::new(Users).accept(Jwt::hs256(SECRET));
    let serve = |auth: TokenAuth<Users>| {
        TestServer::start(&Channels::on(layer.clone()).wrap(auth).websocket("/ws/", |_| Ok(Desk)))
    };
    let elsewhere = Site::on(layer.clone(), |auth| auth);
    let first = serve(auth.clone());
    drop(open(&first, &jwt(7, 1)).await);
    let second = serve(auth);
    let mut tab = open(&second, &jwt(7, 2)).await;

    // it was a worker of the first one that listened
    drop(first);

    let again_and_again = async {
        loop {
            elsewhere.revoker.logout_everywhere(7).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        closed = tab.closed() => assert_eq!(closed, logged_out_everywhere()),
        () = again_and_again => {}
    }
}

/// What a Django site sends, which knows less.
#[derive(Serialize, Deserialize)]
struct FromElsewhere {
    user: String,
}

impl Event for FromElsewhere {
    const TYPE: &str = "channels.revoked";
}

#[tokio::test]
async fn who_is_on_the_layer_can_close_a_users_sockets_too() {
    let layer = Layer::new(MemoryLayer::default());
    let server = Site::on(layer.clone(), |auth| auth).serve();
    let mut tab = open(&server, &jwt(7, 1)).await;
    let mut other = open(&server, &jwt(11, 1)).await;
    let group = Group::named("channels.revoked").unwrap();

    layer.group_send(&group, FromElsewhere { user: "7".into() }).await.unwrap();

    assert_eq!(tab.closed().await, logged_out_everywhere());
    lives(&mut other).await;
}

#[tokio::test]
async fn no_token_goes_over_the_layer() {
    let layer = Layer::new(MemoryLayer::default());
    let mut heard = layer.subscribe(&Group::named("channels.revoked").unwrap()).await.unwrap();
    let site = Site::on(layer, |auth| auth);
    site.keys.put("key_7_a", None);

    for token in [&jwt(7, 1), "key_7_a", "bad"] {
        site.revoker.revoke(&Credential::new(token)).await.unwrap();

        let event = heard.recv().await.unwrap().to_msgpack().unwrap();
        let event = String::from_utf8_lossy(&event);
        assert!(event.contains("digest") && !event.contains(token), "{event}");
    }
}

/// Says when it is asked for a user, and waits until it may answer.
#[derive(Clone, Default)]
struct SlowUsers {
    asked: Arc<Notify>,
    may_answer: Arc<Notify>,
}

#[async_trait]
impl UserLoader for SlowUsers {
    type User = User;

    async fn load(&self, _: &Identity) -> Result<User, AuthError> {
        self.asked.notify_one();
        self.may_answer.notified().await;
        Ok(User { name: "Ann" })
    }
}

#[tokio::test]
async fn what_is_revoked_while_it_is_looked_at_opens_no_socket() {
    let (layer, users) = (Layer::new(MemoryLayer::default()), SlowUsers::default());
    let auth = TokenAuth::new(users.clone()).accept(Jwt::hs256(SECRET));
    let revoker = auth.revoker(&layer);
    let server = TestServer::start(&Channels::on(layer).wrap(auth).websocket("/ws/", |_| Ok(Desk)));
    let token = jwt(7, 1);

    let revoke = async {
        soon("the user is asked for", users.asked.notified()).await;
        revoker.revoke(&Credential::new(&token)).await.unwrap();
        users.may_answer.notify_one();
    };
    let (closed, ()) = tokio::join!(refused(&server, &token), revoke);

    assert_eq!(closed, revoked());
}
