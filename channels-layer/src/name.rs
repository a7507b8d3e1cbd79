//! Names of channels and groups, by Django Channels' rules, refused where they are made.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize, Serializer};

/// The longest name a channel or a group may have, in characters (Channels' `MAX_NAME_LENGTH` is exclusive).
const LONGEST: usize = 99;

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing to name.
    #[error("a name must not be empty")]
    Empty,
    /// Longer than Django's layers take.
    #[error("a name has at most {LONGEST} characters, this one has {0}")]
    TooLong(usize),
    /// A character that is not allowed there.
    #[error("a name holds ASCII letters, digits, `-`, `_` and `.`, not {0:?}")]
    Character(char),
    /// A dot in a group's prefix: `chat.private` and `5` would be what `chat` and `private.5` are.
    #[error("a group's prefix has no dot, and {0:?} has; use another mark, or Group::named")]
    DottedPrefix(&'static str),
    /// Nothing in front of the `!` of a channel's name.
    #[error("a channel's name must not begin with `!`")]
    NoProcess,
}

fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    match name.chars().find(|&c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')) {
        Some(c) => Err(NameError::Character(c)),
        None if name.len() > LONGEST => Err(NameError::TooLong(name.len())),
        None => Ok(()),
    }
}

/// The name of a set of channels.
///
/// It is made from a prefix that is yours and a part that may be a client's, so that no client can name a
/// group it should not be in: with a group parsed straight from a path, `/ws/chat/user.5/` would join the
/// private group of user 5.
///
/// Names are those of Django Channels: 1 to 99 ASCII letters, digits, `-`, `_` and `.`. (Django also takes
/// digits of other scripts; this library does not write them.)
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(Arc<str>);

impl Group {
    /// The group `prefix.part`: `Group::of("chat", room)` is `chat.lobby` for the room `lobby`.
    ///
    /// # Errors
    ///
    /// [`NameError`] if the name breaks the rules above, or the prefix has a dot: what comes before the first dot is
    /// yours, and no part can change that.
    ///
    /// ```
    /// use channels_layer::Group;
    ///
    /// assert_eq!(Group::of("chat", "lobby")?.as_str(), "chat.lobby");
    /// assert!(Group::of("chat", "a room").is_err());
    /// # Ok::<_, channels_layer::NameError>(())
    /// ```
    pub fn of(prefix: &'static str, part: impl fmt::Display) -> Result<Self, NameError> {
        if prefix.contains('.') {
            return Err(NameError::DottedPrefix(prefix));
        }
        let part = part.to_string();
        check(&part)?;
        Self::named(format!("{prefix}.{part}"))
    }

    /// The group with exactly this name, such as one that a Django site uses.
    ///
    /// Never pass it what a client sent: see [`Group::of`].
    ///
    /// # Errors
    ///
    /// [`NameError`] if the name breaks the rules above.
    pub fn named(name: impl Into<Arc<str>>) -> Result<Self, NameError> {
        let name = name.into();
        check(&name)?;
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of one channel.
///
/// A *normal* channel (`thumbnails`) is shared by whoever receives on it. A *specific* one
/// (`specific.PROCESS!ID`) belongs to one mailbox of one process; everything up to the `!` names the process. A layer
/// that publishes has no `!` in the names of either.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`NameError`] if it is not one to 99 ASCII letters, digits, `-`, `_` and `.`, with at most one `!`
    /// after the first of them.
    pub fn new(name: impl Into<Arc<str>>) -> Result<Self, NameError> {
        let name = name.into();
        let (process, local) = name.split_once('!').unwrap_or((&name, ""));
        match (check(process), local) {
            (Err(NameError::Empty), _) if name.starts_with('!') => return Err(NameError::NoProcess),
            (process, "") => process?,
            (process, local) => process.and(check(local))?,
        }
        if name.len() > LONGEST {
            return Err(NameError::TooLong(name.len()));
        }
        Ok(Self(name))
    }

    /// A name that begins with a layer's prefix, in which Redis allows everything.
    #[cfg(feature = "redis")]
    pub(crate) fn prefixed(layer: &str, name: &str) -> Result<Self, NameError> {
        check(name)?;
        Ok(Self(format!("{layer}{name}").into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the channel belongs to one mailbox (its name has a `!`).
    pub fn is_specific(&self) -> bool {
        self.0.contains('!')
    }

    /// Up to and including the `!`: what a Redis key holds. The whole name if there is none.
    pub fn non_local(&self) -> &str {
        self.0.find('!').map_or(&self.0, |at| &self.0[..=at])
    }
}

/// Up to and including the `!` of a name that another process may have made.
#[cfg(feature = "redis")]
pub(crate) fn non_local(name: &str) -> &str {
    name.find('!').map_or(name, |at| &name[..=at])
}

impl Borrow<str> for Group {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ChannelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ChannelName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::new(name)
    }
}

macro_rules! shown_as_its_name {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}
shown_as_its_name!(Group, ChannelName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_its_prefix_and_its_part() {
        assert_eq!(Group::of("chat", "lobby").unwrap().as_str(), "chat.lobby");
        assert_eq!(Group::of("user", 5).unwrap().as_str(), "user.5");
    }

    #[test]
    fn a_part_cannot_reach_into_another_prefix() {
        assert_eq!(Group::of("chat.private", 5), Err(NameError::DottedPrefix("chat.private")));
        assert_eq!(Group::of("chat", "private.5").unwrap().as_str(), "chat.private.5");
    }

    #[test]
    fn an_empty_part_names_no_group() {
        assert_eq!(Group::of("chat", ""), Err(NameError::Empty));
    }

    #[test]
    fn names_have_at_most_99_characters() {
        assert!(Group::named("x".repeat(99)).is_ok());
        assert_eq!(Group::named("x".repeat(100)), Err(NameError::TooLong(100)));
        assert_eq!(ChannelName::new(format!("a!{}", "x".repeat(98))), Err(NameError::TooLong(100)));
    }

    #[test]
    fn a_name_holds_ascii_letters_digits_and_three_marks() {
        for (name, bad) in
            [("a b", ' '), ("grün", 'ü'), ("a/b", '/'), ("a!b", '!'), ("a\n", '\n'), ("٣", '٣')]
        {
            assert_eq!(Group::named(name), Err(NameError::Character(bad)));
        }
    }

    #[test]
    fn a_specific_channel_has_one_exclamation_mark_after_its_process() {
        let channel = ChannelName::new("specific.abc!def").unwrap();
        assert!(channel.is_specific());
        assert_eq!(channel.non_local(), "specific.abc!");
        assert_eq!(ChannelName::new("specific.abc!d!e"), Err(NameError::Character('!')));
        assert_eq!(ChannelName::new("!abc"), Err(NameError::NoProcess));
    }

    #[test]
    fn a_channel_name_is_checked_when_it_is_read_from_an_event() {
        assert!(serde_json::from_str::<ChannelName>(r#""specific.a!b""#).is_ok());
        assert!(serde_json::from_str::<ChannelName>(r#""no spaces""#).is_err());
    }
}
