//! From bytes to messages, and from frames to bytes.

mod compression;
mod decoder;
mod evict;
mod handshake;
mod inflate;
mod mask;
mod outbound;
mod rate;
mod reader;
mod utf8;

pub use self::{compression::Compression, rate::Rate};
pub(crate) use self::{
    compression::{Agreed, Encoding},
    decoder::{Decoder, Message, MessageLimits, Role},
    evict::{Cutter, Sockets},
    handshake::{body, upgrade},
    mask::Mask,
    outbound::{FrameBody, Outbound, Relayed},
    rate::Bucket,
    reader::read,
};
#[cfg(any(test, fuzzing))]
pub(crate) use self::{decoder::ProtocolError, inflate::inflated, outbound::close_frame};
