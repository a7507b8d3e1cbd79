//! The queue as the body of the 101 response: actix polls it, and writes what waits.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;

use super::Outbound;

/// The body of the 101 response. Tells when it is dropped: the connection is gone then.
pub(crate) struct FrameBody<F: FnOnce()> {
    outbound: Outbound,
    on_drop: Option<F>,
}

impl<F: FnOnce()> FrameBody<F> {
    pub(crate) fn new(outbound: Outbound, on_drop: F) -> Self {
        Self { outbound, on_drop: Some(on_drop) }
    }
}

impl<F: FnOnce() + Unpin> MessageBody for FrameBody<F> {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.outbound.poll_chunk(cx).map(|chunk| chunk.map(Ok))
    }
}

impl<F: FnOnce()> Drop for FrameBody<F> {
    fn drop(&mut self) {
        if let Some(on_drop) = self.on_drop.take() {
            on_drop();
        }
    }
}
