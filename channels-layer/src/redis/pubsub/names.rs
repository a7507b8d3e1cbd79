//! How Redis' own channels are called.

use uuid::Uuid;

use crate::{ChannelName, Group, NameError};

/// How many characters of a new channel's number say which process made it.
const PROCESS: usize = 16;

/// How Redis' own channels are called, as channels_redis does it.
#[derive(Debug)]
pub(super) struct Names {
    /// What the names of new channels begin with.
    prefix: String,
    /// What is in front of a group's name.
    groups: String,
    /// What the numbers of this process's channels begin with.
    process: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        let process = Uuid::new_v4().simple().to_string()[..PROCESS].to_owned();
        Self { prefix: prefix.to_owned(), groups: format!("{prefix}__group__"), process }
    }

    /// A name for a new channel of this process. It looks as one of Django's does.
    pub(super) fn new_channel(&self, prefix: &str) -> Result<ChannelName, NameError> {
        let number = Uuid::new_v4().simple().to_string();
        ChannelName::prefixed(&self.prefix, &format!("{prefix}.{}{}", self.process, &number[PROCESS..]))
    }

    /// Whether [`new_channel`](Self::new_channel) of this process made it.
    pub(super) fn is_own(&self, channel: &ChannelName) -> bool {
        let number = channel.as_str().strip_prefix(&self.prefix).and_then(|name| name.rsplit_once('.'));
        number.is_some_and(|(_, number)| number.len() == 2 * PROCESS && number.starts_with(&self.process))
    }

    /// Where what is for a group is published.
    pub(super) fn of_group(&self, group: &Group) -> String {
        format!("{}{group}", self.groups)
    }

    /// The group whose events are published there.
    pub(super) fn group_of<'a>(&self, topic: &'a str) -> Option<&'a str> {
        topic.strip_prefix(&self.groups)
    }
}
