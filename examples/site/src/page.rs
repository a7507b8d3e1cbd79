//! A page and its files, built into the program.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    web::{self, Path, ServiceConfig},
};

/// Nothing from elsewhere, no inline script or style; the icon is a `data:` address.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// What every page has.
const SHARED: [(&str, &str); 3] = [
    ("reasons.js", include_str!("../static/reasons.js")),
    ("site.css", include_str!("../static/site.css")),
    ("site.js", include_str!("../static/site.js")),
];

/// An application's page: what is at `/`, and the files below `/static/`, by name. `site.css`, `site.js` and
/// `reasons.js` are there for all.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// What is at `/`.
    pub index: &'static str,
    /// Names, whose ends say what they are, and contents.
    pub files: &'static [(&'static str, &'static str)],
}

impl Page {
    /// For `App::configure`.
    pub fn routes(self) -> impl FnOnce(&mut ServiceConfig) {
        move |config| {
            let index = move || async move { served("index.html", self.index) };
            let file = move |name: Path<String>| async move {
                match SHARED.iter().chain(self.files).find(|(known, _)| *known == name.as_str()) {
                    Some((name, content)) => served(name, content),
                    None => HttpResponse::NotFound().finish(),
                }
            };
            config.route("/", web::get().to(index)).route("/static/{file}", web::get().to(file));
        }
    }
}

fn served(name: &str, content: &'static str) -> HttpResponse {
    let content_type = match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "text/plain; charset=utf-8",
    };
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(content)
}
