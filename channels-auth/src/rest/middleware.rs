//! The stack as middleware of actix-web.

use std::{
    fmt,
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};

use super::RestAuth;

/// What `wrap(auth.rest())` makes of a service.
pub struct RestAuthMiddleware<S, U> {
    service: Rc<S>,
    auth: RestAuth<U>,
}

impl<S, B, U> Transform<S, ServiceRequest> for RestAuth<U>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
    U: Send + Sync + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = RestAuthMiddleware<S, U>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RestAuthMiddleware { service: Rc::new(service), auth: self.clone() }))
    }
}

impl<S, B, U> Service<ServiceRequest> for RestAuthMiddleware<S, U>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
    U: Send + Sync + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, auth) = (Rc::clone(&self.service), self.auth.clone());
        Box::pin(async move {
            match auth.ask(request.request(), auth.stack.visitors()).await? {
                Some(known) => drop(request.extensions_mut().insert(known)),
                // an extractor that wants a user after all has somebody to ask
                None => drop(request.extensions_mut().insert(auth)),
            }
            service.call(request).await
        })
    }
}

impl<S, U> fmt::Debug for RestAuthMiddleware<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestAuthMiddleware").field("auth", &self.auth).finish_non_exhaustive()
    }
}
