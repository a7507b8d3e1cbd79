//! Sessions of a Django site, over real sockets.

use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, http::header, test, web};
use channels_actix::{testing::TestServer, *};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, SqlitePool, sqlite::SqlitePoolOptions};

use super::{SECRET, User, Users, token};
use crate::support::{Client, channels, log::Lines, secrets};

pub(super) const KEY: &str = "SECRET_KEY of the site";

/// Django's tables, with Ann, 7, and Bob, 8, who may not log in.
pub(super) async fn database() -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let schema = include_str!("../django/vectors/sqlite_schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let tables = schema["cases"].as_array().unwrap().iter().filter_map(|case| case["sql"].as_str());
    let users = [(7, "ann", true), (8, "bob", false)].map(|(id, name, active)| {
        format!(
            "INSERT INTO auth_user VALUES \
             ({id}, 'md5$x${name}', NULL, FALSE, '{name}', '', '', FALSE, {active}, '2025-01-01', '')"
        )
    });
    for sql in tables.map(str::to_owned).chain(users) {
        sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
    }
    secrets::note("Django's SECRET_KEY", KEY);
    pool
}

/// Says who it is for and what is in their session; then does what it is told.
struct Desk;

impl WebsocketConsumer for Desk {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        if let Some(id) = socket.scope().query("login") {
            let cookie = socket.session().await?.login(id).await?;
            socket.accept_with(cookie.into()).await?;
        } else {
            socket.accept().await?;
        }
        let name = socket.user::<User>().map_or("nobody", |user| user.name);
        let session = socket.session().await?;
        let seen: Option<u32> = session.get("seen")?;
        socket.send_json(&json!([name, seen, session.user_id()])).await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        let mut session = socket.session().await?;
        if frame.as_text() == Some("logout") {
            drop(session.logout().await?);
        } else {
            session.insert("seen", session.get::<u32>("seen")?.unwrap_or_default() + 1)?;
            session.save().await?;
        }
        let session = socket.session().await?;
        socket.send_json(&json!([session.get::<u32>("seen")?, session.user_id()])).await
    }
}

struct Site {
    server: TestServer,
    sessions: Session,
}

impl Site {
    async fn new(configure: impl FnOnce(TokenAuth<Users>) -> TokenAuth<Users>) -> Self {
        let sessions = Session::new(database().await, KEY);
        let auth = TokenAuth::new(Users).accept(Jwt::hs256(SECRET)).accept(sessions.clone());
        let auth = configure(auth);
        let channels = channels().wrap(auth).websocket("/ws/", |_| Ok(Desk));
        Self { server: TestServer::start(&channels), sessions }
    }

    fn url(&self, query: &str) -> String {
        self.server.url(&format!("/ws/{query}"))
    }

    /// The cookie of who logs in over HTTP, as this user, with a session that holds something.
    async fn cookie(&self, id: u32) -> String {
        let request = test::TestRequest::default().to_http_request();
        let mut session = self.sessions.of(&request).await.unwrap();
        session.insert("seen", 3).unwrap();
        cookie(&session.login(id).await.unwrap().into_value())
    }

    async fn connect(&self, query: &str, cookie: &str) -> Client {
        Client::with_headers(&self.url(query), &[("Cookie", cookie)]).await
    }

    async fn greeting(&self, query: &str, cookie: &str) -> Value {
        self.connect(query, cookie).await.next_json().await
    }

    async fn refusal(&self, query: &str, cookie: &str) -> (u16, String) {
        self.connect(query, cookie).await.closed().await
    }
}

/// What a browser sends back of a `Set-Cookie`.
pub(super) fn cookie(set: &header::HeaderValue) -> String {
    set.to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn who_has_a_session_needs_no_token() {
    let site = Site::new(|auth| auth).await;
    let cookie = site.cookie(7).await;

    assert_eq!(site.greeting("", &cookie).await, json!(["Ann", 3, "7"]));
    assert_eq!(site.greeting("", &format!("city=Köln; {cookie}")).await, json!(["Ann", 3, "7"]));
}

#[tokio::test]
async fn a_session_that_is_no_good_is_4001() {
    let site = Site::new(|auth| auth).await;
    let signed = Session::new(database().await, "another key").signed_cookies();
    let forged = {
        let request = test::TestRequest::default().to_http_request();
        cookie(&signed.of(&request).await.unwrap().login(7).await.unwrap().into_value())
    };
    let huge = format!("sessionid={}", "a".repeat(30_000));

    for (cookie, why) in [
        ("sessionid=", "no token"),
        ("other=abcdefgh23456789", "no token"),
        ("sessionid=abcdefgh23456789", "bad token"),
        ("sessionid=\"abcd\\000efgh\"", "bad token"),
        (&forged, "bad token"),
        (&huge, "bad token"),
    ] {
        assert_eq!(site.refusal("", cookie).await, (4001, why.to_owned()), "{cookie:.30}");
    }
}

#[tokio::test]
async fn a_token_counts_before_a_session_and_a_session_is_no_token() {
    let site = Site::new(|auth| auth).await;
    let cookie = site.cookie(7).await;
    let key = cookie.split('=').nth(1).unwrap();

    assert_eq!(site.refusal("?token=old", &cookie).await, (4001, "bad token".into()));
    assert_eq!(site.refusal(&format!("?token={key}"), "").await, (4001, "bad token".into()));
    assert_eq!(
        site.refusal("", &format!("sessionid={}", token(7))).await,
        (4001, "bad token".into()),
        "a token is no session"
    );
    assert_eq!(site.greeting(&format!("?token={}", token(7)), "").await[0], "Ann");
}

#[tokio::test]
async fn a_visitor_with_a_session_that_is_no_good_is_a_visitor() {
    let site = Site::new(TokenAuth::or_anonymous).await;
    let signed_in = site.cookie(7).await;

    for cookie in ["", "sessionid=abcdefgh23456789", "sessionid=x"] {
        assert_eq!(site.greeting("", cookie).await, json!(["nobody", null, null]), "{cookie}");
    }
    assert_eq!(site.greeting("", &signed_in).await, json!(["Ann", 3, "7"]));
    assert_eq!(site.refusal("?token=old", "").await, (4001, "bad token".into()));
}

#[tokio::test]
async fn a_first_message_is_waited_for_where_the_session_is_no_good() {
    let site = Site::new(|auth| auth.or_first_message(Duration::from_secs(5))).await;
    let signed_in = site.cookie(7).await;

    let mut client = site.connect("", "sessionid=abcdefgh23456789").await;
    client.json(&json!({ "type": "authenticate", "token": token(7) })).await;
    assert_eq!(client.next_json().await[0], "Ann");

    assert_eq!(site.greeting("", &signed_in).await[0], "Ann");
}

#[tokio::test]
async fn a_consumer_changes_the_session_and_logs_out_and_the_next_socket_knows() {
    let site = Site::new(|auth| auth).await;
    let cookie = site.cookie(7).await;
    let mut client = site.connect("", &cookie).await;
    client.next_json().await;

    client.text("count").await;
    assert_eq!(client.next_json().await, json!([4, "7"]));
    assert_eq!(site.greeting("", &cookie).await, json!(["Ann", 4, "7"]));

    client.text("logout").await;
    assert_eq!(client.next_json().await, json!([null, null]));
    assert_eq!(site.refusal("", &cookie).await, (4001, "bad token".into()));
}

#[tokio::test]
async fn a_consumer_logs_in_with_the_handshake_and_no_key_that_was_brought_is_kept() {
    let site = Site::new(TokenAuth::or_anonymous).await;
    let brought = "sessionid=kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

    let mut client = site.connect("?login=7", brought).await;

    let set = client.header("set-cookie").unwrap().to_owned();
    assert!(set.ends_with("; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax"), "{set}");
    // the scope knows of the new one
    assert_eq!(client.next_json().await, json!(["nobody", null, "7"]));
    let given = set.split(';').next().unwrap();
    assert_ne!(given, brought);
    assert_eq!(site.greeting("", given).await, json!(["Ann", null, "7"]));
    assert_eq!(site.greeting("", brought).await[0], "nobody");
}

#[tokio::test]
async fn a_database_that_is_gone_is_1013_so_that_the_session_is_kept() {
    let pool = database().await;
    let auth = TokenAuth::new(Users).accept(Session::new(pool.clone(), KEY)).or_anonymous();
    let server = TestServer::start(&channels().wrap(auth).websocket("/ws/", |_| Ok(Desk)));
    pool.close().await;

    let headers = [("Cookie", "sessionid=abcdefgh23456789")];
    let mut client = Client::with_headers(&server.url("/ws/"), &headers).await;

    assert_eq!(client.closed().await, (1013, "try again later".into()));
}

#[tokio::test]
async fn tabs_that_were_left_open_lock_nobody_out() {
    let limit = FailureLimit::new(2, Duration::from_secs(60 * 60));
    let site = Site::new(|auth| auth.limit_failures(limit)).await;
    let signed_in = site.cookie(7).await;

    for _ in 0..5 {
        assert_eq!(site.refusal("", "sessionid=abcdefgh23456789").await, (4001, "bad token".into()));
    }
    assert_eq!(site.greeting(&format!("?token={}", token(7)), "").await[0], "Ann");

    for _ in 0..2 {
        assert_eq!(site.refusal("?token=bad", "").await, (4001, "bad token".into()));
    }
    assert_eq!(site.refusal("?token=bad", &signed_in).await.0, 4029);
    assert_eq!(site.greeting("", &signed_in).await[0], "Ann");
}

#[tokio::test]
async fn no_session_is_in_the_log() {
    let lines = Lines::captured();
    let site = Site::new(|auth| auth).await;
    let cookie = site.cookie(7).await;
    let unknown = "nobody-has-this-key-of-a-session";

    let mut client = site.connect("", &cookie).await;
    client.next_json().await;
    client.text("logout").await;
    client.next_json().await;
    for bad in [&cookie, &format!("sessionid={unknown}"), &format!("sessionid={unknown}{unknown}")] {
        assert_eq!(site.refusal("", bad).await.0, 4001);
    }

    assert!(!lines.with("there is no such session").is_empty());
    for secret in [cookie.split('=').nth(1).unwrap(), unknown, KEY] {
        assert_eq!(lines.with(secret), Vec::<String>::new());
    }
}

struct Stranger;

impl WebsocketConsumer for Stranger {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await?;
        let error = socket.session().await.unwrap_err();
        socket.send_text(error.to_string()).await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn where_no_sessions_are_accepted_the_error_says_so() {
    let server = TestServer::start(&channels().websocket("/ws/", |_| Ok(Stranger)));

    let said = Client::connect(&server.url("/ws/")).await.next_text().await;

    assert_eq!(said, "no session in the scope; does the TokenAuth around this route accept a Session?");
}

async fn log_in(sessions: web::Data<Session>, request: HttpRequest) -> Result<HttpResponse, SessionError> {
    let cookie = sessions.of(&request).await?.login(7).await?;
    Ok(HttpResponse::NoContent().insert_header(cookie).finish())
}

async fn log_out(sessions: web::Data<Session>, request: HttpRequest) -> Result<HttpResponse, SessionError> {
    let cookie = sessions.of(&request).await?.logout().await?;
    Ok(HttpResponse::NoContent().insert_header(cookie).finish())
}

async fn me(user: Option<Authenticated<User>>) -> &'static str {
    user.map_or("nobody", |user| user.name)
}

#[actix_web::test]
async fn who_logs_in_over_http_is_known_to_requests_and_to_sockets() {
    let site = Site::new(|auth| auth).await;
    let auth = TokenAuth::new(Users).accept(site.sessions.clone()).or_anonymous();
    let app = test::init_service(
        App::new()
            .app_data(web::Data::new(site.sessions.clone()))
            .wrap(auth.rest().sources([Source::cookie("sessionid")]))
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
            .route("/me", web::get().to(me)),
    )
    .await;
    let call = async |request: test::TestRequest, shown: &str| {
        let request = request.insert_header((header::COOKIE, shown)).to_request();
        let response = test::call_service(&app, request).await;
        let set = response.headers().get(header::SET_COOKIE).map(cookie);
        (set, String::from_utf8(test::read_body(response).await.to_vec()).unwrap())
    };
    let get = || test::TestRequest::get().uri("/me");

    assert_eq!(call(get(), "sessionid=stale-and-unknown").await.1, "nobody");
    let (given, _) = call(test::TestRequest::post().uri("/login"), "").await;
    let given = given.unwrap();
    assert_eq!(call(get(), &given).await.1, "Ann");
    assert_eq!(site.greeting("", &given).await[0], "Ann");

    let (taken, _) = call(test::TestRequest::post().uri("/logout"), &given).await;
    assert_eq!(taken.as_deref(), Some("sessionid=\"\""));
    assert_eq!(call(get(), &given).await.1, "nobody");
    assert_eq!(site.refusal("", &given).await, (4001, "bad token".into()));
}

#[actix_web::test]
async fn a_handler_answers_503_while_the_database_is_gone_and_shows_no_mistake_of_its_own() {
    let pool = database().await;
    let sessions = Session::new(pool.clone(), KEY);
    let request = test::TestRequest::default();
    let request = request.insert_header((header::COOKIE, "sessionid=abcdefgh23456789")).to_http_request();
    let told = async |error: SessionError| {
        let response = actix_web::ResponseError::error_response(&error);
        let status = response.status().as_u16();
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };

    let mut session = sessions.of(&request).await.unwrap();
    session.insert("word", "s3cr3t").unwrap();
    let unsaved = session.set_cookie().unwrap_err();
    let nobody = session.login(1000).await.unwrap_err();
    pool.close().await;
    let gone = sessions.of(&request).await.unwrap_err();

    assert_eq!(told(unsaved).await, (500, json!({ "detail": "try again later", "code": "internal" })));
    assert_eq!(
        told(nobody).await,
        (401, json!({ "detail": "there is no such user", "code": "no_such_user" }))
    );
    assert_eq!(told(gone).await, (503, json!({ "detail": "try again later", "code": "unavailable" })));
}
