//! From bytes to messages, and from frames to bytes.

mod decoder;
mod handshake;
mod mask;
mod outbound;
mod reader;
mod utf8;

pub(crate) use self::{
    decoder::{Decoder, Message, MessageLimits, Role},
    handshake::{body, upgrade},
    mask::Mask,
    outbound::{FrameBody, Outbound, Relayed},
    reader::read,
};
