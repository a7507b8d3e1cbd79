//! What runs between the handshake and the consumer.

pub(crate) mod access_log;
mod allowed_hosts;
mod aside;
mod connection_limit;
mod from_fn;
mod next;
pub(crate) mod origin;
mod redact;
mod rejection;
mod stack;

use async_trait::async_trait;

use self::allowed_hosts::same_host;
pub use self::{
    allowed_hosts::{AllowedHosts, AllowedOrigins},
    aside::Aside,
    connection_limit::ConnectionLimit,
    from_fn::{FromFn, from_fn},
    next::Next,
    origin::OriginPatternError,
    rejection::Rejection,
};
pub(crate) use self::{redact::redacted, stack::run};
use crate::Scope;

/// Wraps every connection below it: sees its scope first, and its end last.
///
/// ```
/// use channels_core::{CloseCode, Middleware, Next, Rejection, Scope, async_trait};
///
/// struct Closed;
///
/// #[async_trait(?Send)]
/// impl Middleware for Closed {
///     async fn handle(&self, scope: Scope, next: Next<'_>) -> Result<(), Rejection> {
///         if scope.path().starts_with("/ws/admin/") {
///             return Err(Rejection::new(CloseCode::FORBIDDEN, "not today"));
///         }
///         next.run(scope).await // returns when the connection ends
///     }
/// }
/// ```
///
/// [`from_fn`] makes one of a closure.
#[async_trait(?Send)]
pub trait Middleware: Send + Sync + 'static {
    /// Looks at a connection, and lets it through with [`Next::run`], or not.
    async fn handle(&self, scope: Scope, next: Next<'_>) -> Result<(), Rejection>;

    /// Whether it checks where a page comes from. Where no middleware does, a page of another host than the
    /// request's is refused.
    fn checks_origin(&self) -> bool {
        false
    }
}
