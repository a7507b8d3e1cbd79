//! The page, built into the program.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    web::{self, Path},
};

/// Nothing from elsewhere, no inline script or style; the icon is a `data:` address.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// For `App::configure`: the page and its files.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/", web::get().to(index)).route("/static/{file}", web::get().to(file));
}

async fn index() -> HttpResponse {
    served(HTML, include_str!("../static/index.html"))
}

async fn file(name: Path<String>) -> HttpResponse {
    match name.as_str() {
        "chat.css" => served(CSS, include_str!("../static/chat.css")),
        "chat.js" => served(SCRIPT, include_str!("../static/chat.js")),
        "account.js" => served(SCRIPT, include_str!("../static/account.js")),
        "reasons.js" => served(SCRIPT, include_str!("../static/reasons.js")),
        "timeline.js" => served(SCRIPT, include_str!("../static/timeline.js")),
        _ => HttpResponse::NotFound().finish(),
    }
}

fn served(content_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(content)
}
