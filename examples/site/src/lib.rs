//! What the example applications share: flags, a database with users in it, a page, and a server around them.
//!
//! An application brings its consumers, its tables and its page:
//!
//! ```no_run
//! use channels_actix::{JwtIssuer, TokenAuth};
//! use clap::Parser;
//! use site::Site;
//!
//! /// A board.
//! #[derive(Parser)]
//! struct Flags {
//!     #[command(flatten)]
//!     site: site::Flags,
//! }
//!
//! async fn run(flags: Flags) -> site::Result<()> {
//!     let site = Site::open("board", flags.site, None).await?;
//!     let issuer = JwtIssuer::hs256(site.secret());
//!     let auth = TokenAuth::new(site.users()).accept(issuer.verifier());
//!     let channels = site.channels().wrap(auth);
//!     site.serve(channels, |_| {}).await
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     site::main(run)
//! }
//! ```

mod api;
mod database;
mod flags;
mod page;
mod program;
mod signal;
mod site;
mod tls;
mod users;

#[cfg(feature = "testing")]
pub mod testing;

pub use self::{
    api::{ApiError, Login, api},
    database::{DatabaseError, Location},
    flags::Flags,
    page::Page,
    program::{Result, main},
    signal::end_signal,
    site::Site,
    tls::{Tls, TlsError},
    users::{DEMO, Users, UsersError},
};
