//! How an actix server is set up for connections that live long.

use std::{any::Any, fmt};

use actix_web::{
    Error, HttpServer,
    body::MessageBody,
    dev::{AppConfig, Extensions, Response, Service, ServiceFactory},
};

use crate::{Channels, transport::Sockets};

/// How an actix server is set up by [`Channels::tune`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// How many connections a worker thread takes, those of HTTP too; more wait in the kernel's backlog. Default
    /// 25,600, as actix's own.
    pub connections: usize,

    /// How many bytes the kernel keeps for a client that does not read (`SO_SNDBUF`, which Linux doubles). `None`, the
    /// default, leaves that to the kernel, which may take up to some 4 MB for each.
    pub send_buffer: Option<usize>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { connections: 25_600, send_buffer: None }
    }
}

impl Channels {
    /// Sets an actix server up as [`tuning`](Self::tuning) says, so that a client that takes nothing any more can be
    /// got rid of, and so that no frame is held back (`TCP_NODELAY`). Before `bind`, and instead of an `on_connect` of
    /// your own.
    ///
    /// Without it, a connection that is given up leaves its socket to the kernel, with all that waits in its buffers,
    /// for a quarter of an hour if the client is gone; and a frame waits for the one before it to be acknowledged,
    /// which takes 40 ms where the client has just said something. With it, each connection takes a second file
    /// descriptor.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use channels_core::*;
    /// # #[actix_web::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let channels = Channels::new(MemoryLayer::default());
    /// let routes = channels.clone();
    /// let server = HttpServer::new(move || App::new().configure(routes.routes()));
    /// channels.tune(server).bind("127.0.0.1:8000")?.run().await
    /// # }
    /// ```
    pub fn tune<F, I, S, B>(&self, server: HttpServer<F, I, S, B>) -> HttpServer<F, I, S, B>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: actix_service::IntoServiceFactory<S, actix_http::Request>,
        S: ServiceFactory<actix_http::Request, Config = AppConfig> + 'static,
        S::Error: Into<Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<actix_http::Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let Tuning { connections, send_buffer } = self.tuned();
        let sockets = Sockets { send_buffer, user_timeout: self.connection_limits().write_timeout };
        let on_connect = move |io: &dyn Any, data: &mut Extensions| sockets.keep(io, data);
        server.max_connections(connections).on_connect(on_connect)
    }
}
