//! Any text as what a client offers in `Sec-WebSocket-Extensions`.

use channels_layer::wire::websocket::Opcode;

use super::said::said;
use crate::{
    Compression, Frame,
    transport::{Message, MessageLimits, Role},
};

const OURS: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const WINDOW: &str = "server_max_window_bits";

/// The input: lines, each a header's value.
///
/// What is answered was offered (RFC 7692 section 7.1), is a header's value, and the same whether the offers come
/// in one header or several. What is then sent compressed is read back.
pub fn extensions(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let compression = Compression { threshold: 0, ..Compression::default() };

    let agreed = compression.agree(text.lines());

    let joined = text.lines().collect::<Vec<_>>().join(",");
    assert_eq!(compression.agree([&*joined]), agreed, "another answer to the same offers in one header");
    let Some(agreed) = agreed else { return };
    let header = agreed.header();
    let more = header.strip_prefix(OURS).expect("an answer begins with what is always said");
    assert!(joined.split(',').any(|offer| meets(offer, more)), "{header:?} was not offered");

    let payload = text.repeat(3);
    let Some(frame) = agreed.frame(Opcode::Text, payload.as_bytes()) else { return };
    let limits = MessageLimits { message: payload.len(), fragments: 1, inflation: Some(usize::MAX) };
    let said = said(Role::Client, limits, [&*frame]);
    assert_eq!(said, (vec![Message::Frame(Frame::Text(payload.into()))], None));
}

/// Whether the offer allows an answer that says `more` than the least.
fn meets(offer: &str, more: &str) -> bool {
    let offer: String = offer.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
    let mut parts = offer.split(';');
    let name = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("permessage-deflate"));
    // a client that demands a window gets it, no other does (section 7.1.2.1)
    let demanded = parts.find(|part| part.starts_with(WINDOW)).map(|part| format!("; {part}"));
    name && demanded.unwrap_or_default() == more
}
