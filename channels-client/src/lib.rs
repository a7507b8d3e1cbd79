//! The browser client of channels-actix, served by the application itself: it needs no Node.
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     let app = || App::new().configure(channels_client::routes("/channels/"));
//!     HttpServer::new(app).bind("127.0.0.1:8000")?.run().await
//! }
//! ```
//!
//! A page then has `import { connect } from '/channels/index.js'` in a `<script type="module">`. The same files
//! are a package for npm. What they can do is in the repository's `docs/client.md`.

mod files;
pub mod metrics;
mod routes;
mod stats;

pub use self::{
    routes::routes,
    stats::{AskForStats, ClientStats},
};
