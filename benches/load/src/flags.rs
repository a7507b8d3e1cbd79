//! What was asked for on the command line.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::{dialect::Dialect, pace::Pace, process::Processes, target::Target};

/// `--name value`, any number of times.
#[derive(Debug)]
pub(crate) struct Flags {
    given: Vec<(String, String)>,
}

impl Flags {
    /// # Errors
    ///
    /// If a word is no name that is known, or has no value.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let mut given = Vec::new();
        for pair in words.chunks(2) {
            let name = pair[0].strip_prefix("--").filter(|name| KNOWN.contains(name));
            let name = name.ok_or_else(|| format!("{}: no such option", pair[0]))?;
            let value = pair.get(1).ok_or_else(|| format!("--{name} needs a value"))?;
            given.push((name.to_owned(), value.clone()));
        }
        Ok(Self { given })
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.given.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// # Errors
    ///
    /// If it was given, and is not one.
    pub(crate) fn number<T: FromStr<Err: Display>>(&self, name: &str, default: T) -> Result<T, String> {
        let Some(value) = self.values(name).last() else { return Ok(default) };
        value.parse().map_err(|error| format!("--{name} {value}: {error}"))
    }

    /// # Errors
    ///
    /// If it was given, and is no number of seconds.
    pub(crate) fn seconds(&self, name: &str, default: f64) -> Result<Duration, String> {
        let seconds = self.number(name, default)?;
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("--{name} {seconds}: {error}"))
    }

    /// # Errors
    ///
    /// If it was not given, or is no address of a WebSocket.
    pub(crate) fn target(&self) -> Result<Target, String> {
        self.target_if("url")?.ok_or_else(|| "--url is missing".to_owned())
    }

    /// # Errors
    ///
    /// If it was given, and is no address of a WebSocket.
    pub(crate) fn target_if(&self, name: &str) -> Result<Option<Target>, String> {
        let dialect = match self.values("dialect").last() {
            None | Some("plain") => Dialect::Plain,
            Some("socketio") => Dialect::SocketIo,
            Some(other) => return Err(format!("--dialect {other}: plain or socketio")),
        };
        self.values(name).last().map(|url| Target::parse(url, dialect)).transpose()
    }

    /// # Errors
    ///
    /// If a number is none.
    pub(crate) fn pace(&self, default: Pace) -> Result<Pace, String> {
        let rate = self.number("rate", 0.0)?;
        let window = self.number("window", 0_usize)?;
        match (window, rate) {
            (0, 0.0) => Ok(default),
            (0, rate) if rate > 0.0 => Ok(Pace::Rate(rate)),
            (window, 0.0) => Ok(Pace::Window(window)),
            _ => Err("a window or a rate".to_owned()),
        }
    }

    /// # Errors
    ///
    /// If one is no number.
    pub(crate) fn processes(&self) -> Result<Processes, String> {
        let pids = self.values("pid").map(|pid| pid.parse().map_err(|error| format!("--pid {pid}: {error}")));
        Ok(Processes(pids.collect::<Result<_, _>>()?))
    }
}

const KNOWN: &[&str] = &[
    "url",
    "publish-url",
    "idle-url",
    "dialect",
    "pid",
    "members",
    "idle",
    "size",
    "window",
    "rate",
    "seconds",
    "warmup",
    "abreast",
    "stalled",
    "patience",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(line: &str) -> Result<Flags, String> {
        Flags::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let flags = flags("--members 10 --pid 1 --pid 2").unwrap();

        assert_eq!(flags.number("members", 1000), Ok(10));
        assert_eq!(flags.number("size", 100), Ok(100));
        assert_eq!(flags.processes().unwrap().0, [1, 2]);
    }

    #[test]
    fn what_is_misspelled_is_not_passed_over() {
        assert_eq!(flags("--member 10").unwrap_err(), "--member: no such option");
        assert_eq!(flags("--members").unwrap_err(), "--members needs a value");
        flags("--members many").unwrap().number("members", 1).unwrap_err();
        flags("--window 1 --rate 2").unwrap().pace(Pace::Window(1)).unwrap_err();
        flags("--seconds -1").unwrap().seconds("seconds", 1.0).unwrap_err();
    }
}
