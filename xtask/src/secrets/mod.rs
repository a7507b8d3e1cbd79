//! Whether a secret of the tests is in what they logged.
//!
//! With `CHANNELS_TEST_LOGS`, each process of tests logs into that folder, at every level, and notes there the secrets
//! that it makes or sends: see `tests/support/secrets.rs`. A failure never shows one.

mod finder;
mod forms;

use std::{
    fs::{self, File},
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use self::finder::Finder;
use crate::shell::{self, Failure};

/// What tells the tests of the folder.
pub(crate) const VARIABLE: &str = "CHANNELS_TEST_LOGS";

/// A secret, and what it is.
struct Secret {
    kind: String,
    value: Vec<u8>,
}

/// An empty folder for the logs of the next run.
///
/// # Errors
///
/// If it cannot be made, or what the last run left there cannot be removed.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    let folder = shell::root().join("target/test-logs");
    let failed = |error| Failure::new(format!("{} cannot be made empty: {error}", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    Ok(folder)
}

/// What a search came to that found nothing.
#[derive(Debug, PartialEq)]
pub(crate) enum Searched {
    /// There was nothing to look for, or in.
    Nothing,
    Clean(String),
}

/// Searches all logs in the folder for all secrets there, whatever process they are of.
///
/// # Errors
///
/// Which kinds of secrets are in which lines; or that a file cannot be read, or was cut off.
pub(crate) fn search(folder: &Path) -> Result<Searched, Failure> {
    let mut secrets = Vec::new();
    for path in files(folder, "secrets")? {
        secrets.extend(read(&path)?);
    }
    let logs = files(folder, "log")?;
    if secrets.is_empty() || logs.is_empty() {
        return Ok(Searched::Nothing);
    }
    let finder = Finder::new(&secrets);
    let (mut found, mut bytes) = (Vec::new(), 0);
    for path in &logs {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let log = File::open(path).map_err(|error| unreadable(path, &error))?;
        let read = finder
            .search(BufReader::new(log), |line, what| found.push(format!("{name}, line {line}: {what}")))
            .map_err(|error| unreadable(path, &error))?;
        bytes += read.bytes;
        if read.is_cut_off {
            found.push(format!("{name} is longer than may be, and was cut off"));
        }
    }
    found.truncate(50);
    if found.is_empty() {
        let text = format!("{} secrets are in none of {} MB of logs", secrets.len(), bytes / 1_000_000);
        return Ok(Searched::Clean(text));
    }
    Err(Failure::new(format!("a secret is in a log:\n{}", found.join("\n"))))
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|error| unreadable(folder, &error))?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

/// Reads lines of a kind, a tab, and the secret in hexadecimal digits.
fn read(path: &Path) -> Result<Vec<Secret>, Failure> {
    let mut text = String::new();
    let file = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    file.map_err(|error| unreadable(path, &error))?;
    let secret = |line: &str| {
        let (kind, digits) = line.split_once('\t')?;
        let octets = digits.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        Some(Secret { kind: kind.to_owned(), value: octets.collect::<Option<_>>()? })
    };
    let secrets: Option<Vec<_>> = text.lines().map(secret).collect();
    secrets.ok_or_else(|| Failure::new(format!("{} has a line that notes no secret", path.display())))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const SECRET: &str = r#"tkt_a+b/c="d\e"=?&ü0123456789"#;

    /// What a search says of a log with this line in it, between others.
    fn searched(line: &str) -> Result<Searched, String> {
        let folder =
            std::env::temp_dir().join(format!("channels-secrets-{}-{:x}", std::process::id(), hash(line)));
        fs::create_dir_all(&folder).unwrap();
        let hex = SECRET.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        fs::write(folder.join("1.secrets"), format!("a ticket\t{hex}\n")).unwrap();
        fs::write(folder.join("2.log"), format!("INFO hello\nDEBUG {line} more\nINFO bye\n")).unwrap();

        let outcome = search(&folder).map_err(|failure| failure.to_string());

        fs::remove_dir_all(folder).unwrap();
        outcome
    }

    fn hash(text: &str) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn a_secret_is_found_however_it_is_written_and_not_shown() {
        for (line, form) in [
            (SECRET.to_owned(), "as it is"),
            (format!("token={SECRET}&page=2"), "as it is"),
            ("tkt_a%2Bb%2Fc%3D%22d%5Ce%22%3D%3F%26%C3%BC0123456789".to_owned(), "percent-encoded"),
            ("tkt_a%2bb%2fc%3d%22d%5ce%22%3d%3f%26%c3%bc0123456789".to_owned(), "percent-encoded"),
            (r#"{"token":"tkt_a+b/c=\"d\\e\"=?&ü0123456789"}"#.to_owned(), "escaped"),
            (r#"{"token":"tkt_a+b/c=\"d\\e\"=?&\u00fc0123456789"}"#.to_owned(), "escaped"),
            (format!("{SECRET:?}"), "escaped"),
            (format!("{:?}", SECRET.as_bytes()), "as numbers"),
            ("dGt0X2ErYi9jPSJkXGUiPT8mw7wwMTIzNDU2Nzg5".to_owned(), "in base64"),
            // "user:" and "Token " in front, which move it in the groups of three
            ("dXNlcjp0a3RfYStiL2M9ImRcZSI9PybDvDAxMjM0NTY3ODk=".to_owned(), "in base64"),
            ("eHh4eHRrdF9hK2IvYz0iZFxlIj0_JsO8MDEyMzQ1Njc4OQ".to_owned(), "in base64"),
            (
                "746b745f612b622f633d22645c65223d3f26c3bc30313233343536373839".to_owned(),
                "in hexadecimal digits",
            ),
        ] {
            let failure = searched(&line).unwrap_err();

            assert_eq!(failure, format!("a secret is in a log:\n2.log, line 2: a ticket, {form}"), "{line}");
        }
    }

    #[test]
    fn what_only_begins_or_ends_like_a_secret_is_none() {
        for line in ["", "tkt_", &SECRET[1..], &SECRET[..SECRET.len() - 1], "?token=***"] {
            let clean = Searched::Clean("1 secrets are in none of 0 MB of logs".to_owned());
            assert_eq!(searched(line), Ok(clean), "{line}");
        }
    }

    #[test]
    fn a_log_that_was_cut_off_or_is_not_there_proves_nothing() {
        assert!(
            searched("\nCUT OFF\n").unwrap_err().ends_with("2.log is longer than may be, and was cut off")
        );
        search(&std::env::temp_dir().join("channels-no-such-folder")).map(drop).unwrap_err();
    }
}
