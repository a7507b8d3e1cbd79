//! What a room may be called.

use std::{fmt, str::FromStr};

use channels_actix::{Group, NameError};
use serde::{Deserialize, Serialize};

/// The longest name, in characters: the page's limit, too.
const LONGEST: usize = 80;

/// A room's name: 1 to 80 ASCII letters, digits, `-`, `_` and `.`, but neither `.` nor `..`, which browsers
/// take for folders.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Room(String);

#[derive(Debug, thiserror::Error)]
#[error("a room's name has 1 to {LONGEST} letters, digits, `-`, `_` or `.`")]
pub(crate) struct BadRoom;

impl Room {
    /// The group of all who are in it.
    pub(crate) fn group(&self) -> Result<Group, NameError> {
        Group::of("chat", self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Room {
    type Error = BadRoom;

    fn try_from(name: String) -> Result<Self, BadRoom> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_name = (1..=LONGEST).contains(&name.len()) && name.chars().all(allowed);
        if is_name && name != "." && name != ".." { Ok(Self(name)) } else { Err(BadRoom) }
    }
}

impl FromStr for Room {
    type Err = BadRoom;

    fn from_str(name: &str) -> Result<Self, BadRoom> {
        name.to_owned().try_into()
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_called_what_fits_into_an_address_and_a_group() {
        for name in ["lobby", "a", "Room-1_2.3", &"x".repeat(80)] {
            assert_eq!(name.parse::<Room>().unwrap().group().unwrap().as_str(), format!("chat.{name}"));
        }
    }

    #[test]
    fn what_would_not_fit_is_refused() {
        for name in ["", ".", "..", "a room", "a/b", "käse", "a!b", &"x".repeat(81)] {
            assert!(name.parse::<Room>().is_err(), "{name:?}");
        }
    }
}
