//! What clients tell of their connections when they are asked.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::metrics;

/// Asks a client for its [`ClientStats`]: `socket.send_json(&AskForStats)`.
///
/// A client that is not the one of this crate takes it for an event of the type `client.stats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskForStats;

impl Serialize for AskForStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut message = serializer.serialize_map(Some(1))?;
        message.serialize_entry("type", "client.stats")?;
        message.end()
    }
}

/// What a client has been through since it was last asked, or since its page was loaded.
///
/// It comes as a message of the type `client.stats`:
///
/// ```
/// # use serde::Deserialize;
/// use channels_client::ClientStats;
///
/// #[derive(Deserialize)]
/// #[serde(tag = "type")]
/// enum Incoming {
///     #[serde(rename = "client.stats")]
///     Stats(ClientStats), // and then: stats.record()
///     #[serde(rename = "chat.message")]
///     Message { text: String },
/// }
/// ```
///
/// These are a client's words: good for a graph, not for a bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ClientStats {
    /// WebSockets that were begun.
    pub attempts: u32,
    /// Times it was open again after it had been open before.
    pub reconnects: u32,
    /// Times it took to polling.
    pub fallbacks: u32,
    /// Messages that went by REST.
    pub rest: u32,
    /// Messages that went over the WebSocket.
    pub sent: u32,
    /// Frames that came over it.
    pub received: u32,
    /// Frames that were not JSON.
    pub unreadable: u32,
    /// Messages that were not sent: too many waited, or they waited too long.
    pub dropped: u32,
    /// How long the last ping took to be answered, in milliseconds; `None` if none was.
    pub latency: Option<u32>,
}

impl ClientStats {
    /// Adds them to the [metrics](crate::metrics).
    pub fn record(&self) {
        metrics::reconnects(self.reconnects);
        metrics::fallbacks(self.fallbacks);
        metrics::dropped(self.dropped);
        if let Some(latency) = self.latency {
            metrics::latency(Duration::from_millis(latency.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_question_is_what_the_client_waits_for() {
        assert_eq!(json!(AskForStats), json!({ "type": "client.stats" }));
    }

    #[test]
    fn an_answer_is_read_and_what_it_does_not_tell_is_nothing() {
        let told = json!({ "type": "client.stats", "reconnects": 2, "latency": null, "news": true });

        let stats: ClientStats = serde_json::from_value(told).unwrap();

        assert_eq!(stats, ClientStats { reconnects: 2, ..ClientStats::default() });
    }
}
