//! The forms in which a secret may stand in a log.

use std::fmt::Write as _;

/// Each form, and what it is called.
pub(super) fn of(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![("as it is", secret.to_vec())];
    let mut add = |name, text: String| {
        let is_new = forms.iter().all(|(_, form)| form != text.as_bytes());
        if is_new {
            forms.push((name, text.into_bytes()));
        }
    };
    for unreserved in ["-._~", "-._~!*'()", "-._~/", ""] {
        let percent = percent_encoded(secret, unreserved);
        add("percent-encoded", percent.clone());
        add("percent-encoded", lower_case_digits(&percent));
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        let debug = format!("{text:?}");
        add("escaped", debug[1..debug.len() - 1].to_owned());
        add("escaped", json(text, false));
        add("escaped", json(text, true));
    }
    let numbers = secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    add("as numbers", numbers);
    let hex = secret.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    add("in hexadecimal digits", hex.to_uppercase());
    add("in hexadecimal digits", hex);
    for (plus, slash) in [('+', '/'), ('-', '_')] {
        for shift in 0..3 {
            add("in base64", base64_core(secret, shift, plus, slash));
        }
    }
    forms
}

/// With all percent-encoded but letters, digits, and these.
fn percent_encoded(secret: &[u8], unreserved: &str) -> String {
    secret.iter().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || unreserved.as_bytes().contains(byte) {
            text.push(char::from(*byte));
        } else {
            text += &format!("%{byte:02X}");
        }
        text
    })
}

/// `%2f` for `%2F`.
fn lower_case_digits(percent: &str) -> String {
    let mut text = String::new();
    let mut digits = 0;
    for character in percent.chars() {
        text.push(if digits > 0 { character.to_ascii_lowercase() } else { character });
        digits = if character == '%' { 2 } else { i32::max(digits - 1, 0) };
    }
    text
}

/// As JSON has it in a string, with other characters than ASCII escaped or not.
fn json(text: &str, is_ascii: bool) -> String {
    let mut json = String::new();
    for character in text.chars() {
        match character {
            '"' => json += "\\\"",
            '\\' => json += "\\\\",
            '\n' => json += "\\n",
            '\r' => json += "\\r",
            '\t' => json += "\\t",
            _ if character.is_control() || (is_ascii && !character.is_ascii()) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // a String takes all that is written to it
                    write!(json, "\\u{unit:04x}").unwrap_or_default();
                }
            }
            _ => json.push(character),
        }
    }
    json
}

/// Those characters of the secret in base64 that are the same whatever stands before and after it, where `shift` bytes
/// stand before it in its first group of three.
fn base64_core(secret: &[u8], shift: usize, plus: char, slash: char) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let padded = [&vec![0; shift][..], secret].concat();
    // the first character that has no bit of what stands before, and as many as have none of what follows
    let (from, to) = ((8 * shift).div_ceil(6), 8 * padded.len() / 6);
    let bit = |at: usize| padded[at / 8] >> (7 - at % 8) & 1;
    let character =
        |at: usize| match (6 * at..6 * at + 6).fold(0, |index, at| index << 1 | usize::from(bit(at))) {
            62 => plus,
            63 => slash,
            index => char::from(LETTERS[index]),
        };
    (from..to).map(character).collect()
}
