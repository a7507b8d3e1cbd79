//! Ends a connection whose client takes nothing any more, though the kernel's buffers are full.
//!
//! Nothing that goes by way of actix can: it polls neither body nor reader while its own write waits. So the socket is
//! shut down from beside it, by a second descriptor that lives in the connection's own data, and goes with it.

use std::{
    any::Any,
    io,
    net::Shutdown,
    rc::{Rc, Weak},
    time::Duration,
};

use actix_web::{HttpRequest, dev::Extensions, rt::net::TcpStream};
use socket2::{SockRef, Socket};

/// How new sockets are set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sockets {
    pub(crate) send_buffer: Option<usize>,
    /// How long the kernel waits for a client to take what was written, where nobody shuts the socket down first.
    pub(crate) user_timeout: Duration,
}

/// What shuts a connection's socket down. It keeps nothing open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cutter(Weak<Socket>);

impl Sockets {
    /// Sets a new connection's socket up, and keeps in its data what is needed to shut it down.
    pub(crate) fn keep(&self, io: &dyn Any, data: &mut Extensions) {
        let Some(stream) = tcp(io) else { return };
        let socket = SockRef::from(stream);
        if let Err(error) = self.set_up(&socket) {
            tracing::debug!(%error, "a socket could not be set up");
        }
        match socket.try_clone() {
            Ok(socket) => {
                data.insert(Rc::new(socket));
            }
            Err(error) => {
                tracing::warn!(%error, "no descriptor left to end a connection by; raise their limit (ulimit -n)");
            }
        }
    }

    fn set_up(&self, socket: &Socket) -> io::Result<()> {
        // else the kernel holds a frame until the one before it is acknowledged, and a client that has just said
        // something, be it a pong, takes 40 ms for that; small frames are joined by our own queue
        socket.set_tcp_nodelay(true)?;
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket.set_tcp_user_timeout(Some(self.user_timeout))?;
        Ok(())
    }
}

fn tcp(io: &dyn Any) -> Option<&TcpStream> {
    #[cfg(feature = "rustls")]
    if let Some(stream) = io.downcast_ref::<actix_tls::accept::rustls_0_23::TlsStream<TcpStream>>() {
        return Some(stream.get_ref().0);
    }
    io.downcast_ref()
}

impl Cutter {
    /// What was kept for the connection that a request came on.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self(request.conn_data::<Rc<Socket>>().map(Rc::downgrade).unwrap_or_default())
    }

    /// Stops reading. actix would read on for a second after a response that it has written, to let the client
    /// end the connection; a WebSocket's is for the server to end (RFC 6455 section 7.1.1).
    pub(crate) fn hang_up(&self) {
        if let Some(socket) = self.0.upgrade()
            && let Err(error) = socket.shutdown(Shutdown::Read)
        {
            tracing::trace!(%error, "the client has hung up first");
        }
    }

    /// Shuts the socket down, both ways and at once. Tells whether there was one to shut down.
    pub(crate) fn cut(&self) -> bool {
        self.0.upgrade().is_some_and(|socket| socket.shutdown(Shutdown::Both).is_ok())
    }
}
