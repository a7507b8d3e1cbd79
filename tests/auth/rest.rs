use actix_web::{App, HttpRequest, http::StatusCode, test, web};
use channels_actix::*;
use serde_json::{Value, json};

use super::{SECRET, Users, signed, token};

async fn me(auth: web::Data<TokenAuth<Users>>, request: HttpRequest) -> Result<String, AuthError> {
    let credential = Credential::bearer(request.headers()).ok_or(AuthError::Missing)?;
    Ok(auth.authenticate(&credential).await?.name.to_owned())
}

/// A REST handler's answer to this header: status, `WWW-Authenticate`, body.
async fn asked(authorization: &str) -> (StatusCode, Option<String>, Vec<u8>) {
    let auth = TokenAuth::new(Users).accept(Jwt::hs256(SECRET));
    let app =
        test::init_service(App::new().app_data(web::Data::new(auth)).route("/me", web::get().to(me))).await;
    let request = test::TestRequest::get().uri("/me").insert_header(("Authorization", authorization));
    let response = test::call_service(&app, request.to_request()).await;
    let challenge =
        response.headers().get("WWW-Authenticate").map(|value| value.to_str().unwrap().to_owned());
    (response.status(), challenge, test::read_body(response).await.to_vec())
}

#[actix_web::test]
async fn a_rest_handler_asks_the_same_stack() {
    let (status, _, body) = asked(&format!("Bearer {}", token(7))).await;

    assert_eq!((status, body.as_slice()), (StatusCode::OK, b"Ann".as_slice()));
}

#[actix_web::test]
async fn a_rest_answer_says_what_a_close_frame_says() {
    let invalid = r#"Bearer error="invalid_token""#;
    let old = signed(SECRET, &json!({ "exp": 1 }));
    for (token, status, challenge, detail, code) in [
        ("", 401, Some("Bearer"), "no token", "no_token"),
        ("x", 401, Some(invalid), "bad token", "bad_token"),
        (&old, 401, Some(invalid), "token expired", "token_expired"),
        (&token(8), 401, Some(invalid), "user inactive", "user_inactive"),
        (&token(9), 503, None, "try again later", "unavailable"),
    ] {
        let (answered, challenged, body) = asked(&format!("Bearer {token}")).await;

        assert_eq!((answered.as_u16(), challenged.as_deref()), (status, challenge));
        assert_eq!(
            serde_json::from_slice::<Value>(&body).unwrap(),
            json!({ "detail": detail, "code": code })
        );
    }
}
