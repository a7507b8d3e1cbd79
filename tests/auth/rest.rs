use std::time::Duration;

use actix_web::{
    App,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::StatusCode,
    test, web,
};
use channels_actix::*;
use serde_json::{Value, json};

use super::{SECRET, User, Users, signed, token};

async fn me(user: Authenticated<User>) -> &'static str {
    user.name
}

async fn maybe_me(user: Result<Authenticated<User>, AuthError>) -> String {
    user.map_or_else(|error| error.reason().to_owned(), |user| user.name.to_owned())
}

fn stack() -> TokenAuth<Users> {
    TokenAuth::new(Users).accept(Jwt::hs256(SECRET))
}

/// `/me` asks for itself, all of `/api` is asked for by the middleware.
fn site(
    auth: RestAuth<User>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(auth.clone())
        .route("/me", web::get().to(me))
        .route("/maybe", web::get().to(maybe_me))
        .service(
            web::scope("/api")
                .wrap(auth)
                .route("/me", web::get().to(me))
                .route("/open", web::get().to(|| async { "open" })),
        )
}

/// An answer: status, `WWW-Authenticate`, body.
async fn answered(auth: &RestAuth<User>, request: test::TestRequest) -> (StatusCode, Option<String>, String) {
    let app = test::init_service(site(auth.clone())).await;
    let response = match test::try_call_service(&app, request.to_request()).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => {
            let request = test::TestRequest::default().to_http_request();
            ServiceResponse::from_err(error, request)
        }
    };
    let challenge =
        response.headers().get("WWW-Authenticate").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    (status, challenge, String::from_utf8(test::read_body(response).await.to_vec()).unwrap())
}

fn get(path: &str, token: &str) -> test::TestRequest {
    test::TestRequest::get().uri(path).insert_header(("Authorization", format!("Bearer {token}")))
}

#[actix_web::test]
async fn a_handler_and_the_middleware_ask_the_same_stack_as_sockets() {
    let auth = stack().rest();

    for path in ["/me", "/maybe", "/api/me"] {
        let (status, _, body) = answered(&auth, get(path, &token(7))).await;

        assert_eq!((status, body.as_str()), (StatusCode::OK, "Ann"), "{path}");
    }
}

#[actix_web::test]
async fn a_rest_answer_says_what_a_close_frame_says() {
    let auth = stack().rest();
    let invalid = r#"Bearer error="invalid_token""#;
    let old = signed(SECRET, &json!({ "exp": 1 }));
    for (token, status, challenge, detail, code) in [
        ("", 401, Some("Bearer"), "no token", "no_token"),
        ("x", 401, Some(invalid), "bad token", "bad_token"),
        (&old, 401, Some(invalid), "token expired", "token_expired"),
        (&token(8), 401, Some(invalid), "user inactive", "user_inactive"),
        (&token(9), 503, None, "try again later", "unavailable"),
    ] {
        for path in ["/me", "/api/me", "/api/open"] {
            let (answered, challenged, body) = answered(&auth, get(path, token)).await;

            assert_eq!((answered.as_u16(), challenged.as_deref()), (status, challenge), "{path}");
            assert_eq!(
                serde_json::from_str::<Value>(&body).unwrap(),
                json!({ "detail": detail, "code": code })
            );
        }
    }
}

#[actix_web::test]
async fn a_handler_may_take_the_refusal_itself() {
    let (status, _, body) = answered(&stack().rest(), get("/maybe", "x")).await;

    assert_eq!((status, body.as_str()), (StatusCode::OK, "bad token"));
}

#[actix_web::test]
async fn visitors_reach_what_asks_for_nobody_where_they_may() {
    let auth = stack().or_anonymous().rest();
    let visit = |path: &str| test::TestRequest::get().uri(path);

    assert_eq!(answered(&auth, visit("/api/open")).await.0, StatusCode::OK);
    assert_eq!(answered(&auth, visit("/api/me")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(answered(&auth, get("/api/open", "x")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(answered(&stack().rest(), visit("/api/open")).await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_request_brings_no_token_in_its_url_unless_told_to() {
    let in_url = || test::TestRequest::get().uri(&format!("/me?token={}", token(7)));

    assert_eq!(answered(&stack().rest(), in_url()).await.0, StatusCode::UNAUTHORIZED);
    let auth = stack().rest().sources([Source::query("token")]);
    assert_eq!(answered(&auth, in_url()).await.0, StatusCode::OK);
}

#[actix_web::test]
async fn the_scheme_token_is_as_good_as_bearer() {
    let request =
        test::TestRequest::get().uri("/me").insert_header(("Authorization", format!("Token {}", token(7))));

    assert_eq!(answered(&stack().rest(), request).await.0, StatusCode::OK);
}

#[actix_web::test]
async fn a_database_that_never_answers_is_503() {
    let auth = stack().rest().time_limit(Duration::from_millis(50));

    let (status, _, _) = answered(&auth, get("/me", &token(10))).await;

    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn an_application_without_the_stack_is_503_and_not_open() {
    let app = test::init_service(App::new().route("/me", web::get().to(me))).await;

    let response = test::call_service(&app, get("/me", &token(7)).to_request()).await;

    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn a_credential_that_came_otherwise_is_asked_for_by_hand() {
    let user = stack().authenticate(&Credential::new(token(7))).await.unwrap();

    assert_eq!(user.name, "Ann");
}
