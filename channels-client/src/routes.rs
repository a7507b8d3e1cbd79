//! The route that serves the modules.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETag, Header, IfNoneMatch, X_CONTENT_TYPE_OPTIONS},
    web::{self, Path},
};

use crate::files::{FILES, File};

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// For `App::configure`: serves the client's modules under `path`, such as `/channels/`.
///
/// They are asked for again with each page, and sent again only when they have changed: with the next version of
/// this crate. What belongs to everybody needs no login.
pub fn routes(path: &str) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let path = format!("{}/{{file}}", path.trim_end_matches('/'));
    move |config| {
        let resource = web::resource(path).route(web::get().to(file)).route(web::head().to(file));
        config.service(resource);
    }
}

async fn file(name: Path<String>, request: HttpRequest) -> HttpResponse {
    let Some(File { content, tag }) = FILES.get(name.as_str()) else {
        return HttpResponse::NotFound().finish();
    };
    let is_known = match IfNoneMatch::parse(&request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        // what cannot be read is no condition
        Err(_) => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header(ETag(tag.clone()))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if is_known { answer.finish() } else { answer.content_type(SCRIPT).body(*content) }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        http::{Method, StatusCode, header::CONTENT_TYPE},
        test::{TestRequest, call_service, init_service, read_body},
    };

    use super::*;

    async fn answer(request: TestRequest) -> actix_web::dev::ServiceResponse {
        let app = init_service(App::new().configure(routes("/channels/"))).await;
        call_service(&app, request.to_request()).await
    }

    fn header(response: &actix_web::dev::ServiceResponse, name: &str) -> String {
        response.headers().get(name).unwrap().to_str().unwrap().to_owned()
    }

    #[actix_web::test]
    async fn a_module_is_served_as_a_script_that_is_asked_for_again() {
        let response = answer(TestRequest::get().uri("/channels/index.js")).await;

        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, CONTENT_TYPE.as_str()), SCRIPT);
        assert_eq!(header(&response, "cache-control"), "no-cache");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(read_body(response).await, FILES["index.js"].content);
    }

    #[actix_web::test]
    async fn a_module_that_the_browser_has_is_not_sent_again() {
        let first = answer(TestRequest::get().uri("/channels/index.js")).await;
        let tag = header(&first, "etag");

        let again = answer(
            TestRequest::get().uri("/channels/index.js").insert_header(("if-none-match", tag.clone())),
        )
        .await;
        let old =
            answer(TestRequest::get().uri("/channels/index.js").insert_header(("if-none-match", "\"x\"")));

        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header(&again, "etag"), tag);
        assert!(read_body(again).await.is_empty());
        assert_eq!(old.await.status(), StatusCode::OK);
    }

    #[actix_web::test]
    async fn nothing_else_is_there() {
        for path in ["/channels/", "/channels/package.json", "/channels/..%2Fsrc%2Flib.rs", "/index.js"] {
            assert_eq!(answer(TestRequest::get().uri(path)).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let posted = answer(TestRequest::default().method(Method::POST).uri("/channels/index.js")).await;
        assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
