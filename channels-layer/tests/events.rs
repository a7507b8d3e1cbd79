//! What these tests send.

use channels_layer::{Envelope, Event};
use serde::{Deserialize, Serialize};

/// An event that tells which it is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
}

impl Event for Numbered {
    const TYPE: &str = "test.numbered";
}

pub(crate) fn numbered(number: u64) -> Numbered {
    Numbered { number }
}

pub(crate) fn number_of(envelope: &Envelope) -> u64 {
    envelope.open::<Numbered>().unwrap().number
}
