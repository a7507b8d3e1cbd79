//! What the suite says of a case.

use crate::shell::Failure;

/// A case, and how a server did.
#[derive(Debug, PartialEq)]
pub(crate) struct Case {
    /// As `6.4.1`.
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
}

/// How a server did in a case: the worse of what it did and how it closed. From the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Ok,
    /// The standard leaves it open, and the suite only tells what was done.
    Informational,
    /// The server lacks what the case is about.
    Unimplemented,
    /// The server left it to the client to end the connection.
    LeftOpen,
    /// The connection did not end with a closing handshake.
    Unclean,
    WrongCode,
    /// Allowed, and not what the standard asks for.
    NonStrict,
    Failed,
}

impl Case {
    /// Reads a line like `6.4.1\tOK\tOK`: the name, what the server did, how it closed.
    ///
    /// # Errors
    ///
    /// If the suite uses a word that we do not know.
    pub(crate) fn parse(line: &str) -> Result<Self, Failure> {
        let verdict = match line.split('\t').collect::<Vec<_>>()[..] {
            // how it closed says nothing then
            [_, "UNIMPLEMENTED", _] => Some(Verdict::Unimplemented),
            [_, behavior, close] => {
                Verdict::parse(behavior).and_then(|behavior| Some(behavior.max(Verdict::parse(close)?)))
            }
            _ => None,
        };
        let verdict =
            verdict.ok_or_else(|| Failure::new(format!("the suite says what we do not know: {line:?}")))?;
        let name = line.split('\t').next().unwrap_or_default().to_owned();
        Ok(Self { name, verdict })
    }

    /// The number before the first dot.
    pub(crate) fn group(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// For sorting: 1.9 comes before 1.10.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.name.split('.').filter_map(|number| number.parse().ok()).collect()
    }
}

impl Verdict {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "OK" => Self::Ok,
            "INFORMATIONAL" => Self::Informational,
            "UNIMPLEMENTED" => Self::Unimplemented,
            "FAILED BY CLIENT" => Self::LeftOpen,
            "UNCLEAN" => Self::Unclean,
            "WRONG CODE" => Self::WrongCode,
            "NON-STRICT" => Self::NonStrict,
            "FAILED" => Self::Failed,
            _ => return None,
        })
    }

    /// Whether a server that conforms may get it.
    pub(crate) fn is_good(self) -> bool {
        self <= Self::Informational
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Informational => "informational",
            Self::Unimplemented => "not implemented",
            Self::LeftOpen => "left open",
            Self::Unclean => "unclean",
            Self::WrongCode => "wrong code",
            Self::NonStrict => "not strict",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(behavior: &str, close: &str) -> Verdict {
        Case::parse(&format!("6.4.1\t{behavior}\t{close}")).unwrap().verdict
    }

    #[test]
    fn a_case_is_as_good_as_the_worse_of_what_was_done_and_how_it_closed() {
        assert_eq!(verdict("OK", "OK"), Verdict::Ok);
        assert_eq!(verdict("OK", "WRONG CODE"), Verdict::WrongCode);
        assert_eq!(verdict("OK", "FAILED BY CLIENT"), Verdict::LeftOpen);
        assert_eq!(verdict("NON-STRICT", "OK"), Verdict::NonStrict);
        assert_eq!(verdict("NON-STRICT", "FAILED"), Verdict::Failed);
        assert_eq!(verdict("UNIMPLEMENTED", "FAILED"), Verdict::Unimplemented);
    }

    #[test]
    fn nothing_is_good_but_ok_and_informational() {
        assert!(verdict("OK", "OK").is_good() && verdict("INFORMATIONAL", "INFORMATIONAL").is_good());
        for close in ["FAILED", "UNCLEAN", "WRONG CODE", "FAILED BY CLIENT"] {
            assert!(!verdict("OK", close).is_good(), "{close}");
        }
        for behavior in ["FAILED", "NON-STRICT", "UNIMPLEMENTED"] {
            assert!(!verdict(behavior, "OK").is_good(), "{behavior}");
        }
    }

    #[test]
    fn a_word_of_the_suite_that_we_do_not_know_is_a_failure() {
        Case::parse("6.4.1\tSPLENDID\tOK").unwrap_err();
        Case::parse("6.4.1\tOK").unwrap_err();
        Case::parse("").unwrap_err();
    }
}
