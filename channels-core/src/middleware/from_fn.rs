//! Middleware made of a function.

use std::fmt;

use async_trait::async_trait;

use super::{Middleware, Next, Rejection};
use crate::Scope;

/// Middleware made of an async closure or function.
///
/// ```
/// use channels_core::{Channels, MemoryLayer, Next, Scope, from_fn};
///
/// struct Arrived(std::time::SystemTime);
///
/// let channels = Channels::new(MemoryLayer::default()).wrap(from_fn(async |mut scope: Scope, next: Next<'_>| {
///     scope.insert(Arrived(std::time::SystemTime::now()));
///     next.run(scope).await
/// }));
/// ```
pub fn from_fn<F>(function: F) -> FromFn<F>
where
    F: AsyncFn(Scope, Next<'_>) -> Result<(), Rejection> + Send + Sync + 'static,
{
    FromFn(function)
}

/// What [`from_fn`] makes.
pub struct FromFn<F>(F);

#[async_trait(?Send)]
impl<F> Middleware for FromFn<F>
where
    F: AsyncFn(Scope, Next<'_>) -> Result<(), Rejection> + Send + Sync + 'static,
{
    async fn handle(&self, scope: Scope, next: Next<'_>) -> Result<(), Rejection> {
        (self.0)(scope, next).await
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}
