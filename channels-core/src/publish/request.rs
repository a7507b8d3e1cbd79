//! What is to be published: one event, or a list of them.

use std::{error::Error, fmt};

use channels_layer::{ChannelName, Envelope, Group, wire::Message};
use serde::Deserialize;

use super::answer::Refused;
use crate::close::cut;

/// How much of the parser's words a client gets, in bytes: they may quote all that it sent.
const LONGEST_REASON: usize = 200;

/// An event, and where to.
pub(super) struct Item {
    pub(super) target: Target,
    pub(super) event: Envelope,
}

pub(super) enum Target {
    Group(Group),
    Channel(ChannelName),
}

/// An [`Item`] as it comes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `event`, and `group` or `channel`")]
struct Raw {
    group: Option<String>,
    channel: Option<String>,
    event: Message,
}

/// Reads a request, all of it or nothing.
pub(super) fn parse(body: &[u8], at_most: usize) -> Result<Vec<Item>, Refused> {
    let malformed =
        |error: serde_json::Error| Refused::BadRequest(cut(&error.to_string(), LONGEST_REASON).to_owned());
    let raw: Vec<Raw> = match body.trim_ascii_start().first() {
        Some(b'[') => serde_json::from_slice(body).map_err(malformed)?,
        _ => vec![serde_json::from_slice(body).map_err(malformed)?],
    };
    if raw.len() > at_most {
        return Err(Refused::TooMany(at_most));
    }
    let item = |(number, raw): (usize, Raw)| {
        raw.check().map_err(|problem| Refused::BadRequest(format!("event {number}: {problem}")))
    };
    raw.into_iter().enumerate().map(item).collect()
}

impl Raw {
    fn check(self) -> Result<Item, String> {
        let target = match (self.group, self.channel) {
            (Some(group), None) => Group::named(group).map(Target::Group),
            (None, Some(channel)) => ChannelName::new(channel).map(Target::Channel),
            (Some(_), Some(_)) | (None, None) => {
                return Err("name either a `group` or a `channel`".to_owned());
            }
        };
        let target = target.map_err(|error| error.to_string())?;
        let event = Envelope::from_message(&self.event).map_err(|error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("`event` is not an object with a `type`{cause}")
        })?;
        Ok(Item { target, event })
    }
}

impl Target {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Group(group) => group.as_str(),
            Self::Channel(channel) => channel.as_str(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "group {group}"),
            Self::Channel(channel) => write!(f, "channel {channel}"),
        }
    }
}
