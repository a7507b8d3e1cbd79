//! Paths as a log may show them.

/// A path with its query string, every value in it replaced by `***`: a token may stand under any name, and
/// without one.
pub(crate) fn redacted(path: &str, query: &str) -> String {
    let mut shown = path.escape_debug().to_string();
    for (place, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        shown.push(if place == 0 { '?' } else { '&' });
        if let Some((name, _)) = pair.split_once('=') {
            shown.extend(name.escape_debug());
            shown.push('=');
        }
        shown.push_str("***");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_query_string_is_shown() {
        assert_eq!(redacted("/ws/", "token=secret&page=2"), "/ws/?token=***&page=***");
        assert_eq!(redacted("/ws/", "secret&&=secret"), "/ws/?***&=***");
        assert_eq!(redacted("/ws/", ""), "/ws/");
    }

    #[test]
    fn a_path_cannot_forge_a_log_line() {
        assert_eq!(redacted("/ws/\n\u{1b}[31m", ""), r"/ws/\n\u{1b}[31m");
    }
}
