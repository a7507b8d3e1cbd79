//! Query strings as Django reads them: `application/x-www-form-urlencoded`.

use percent_encoding::percent_decode_str;

/// The first value of `key`. `None` if there is none, if it is blank, or if it is not UTF-8.
pub(super) fn first(query: &str, key: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, value)| !value.is_empty() && decoded(name).as_deref() == Some(key));
    values.next().and_then(|(_, value)| decoded(value))
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_is_not_blank_counts() {
        assert_eq!(first("a=&a=1&a=2", "a").as_deref(), Some("1"));
        assert_eq!(first("b=1", "a"), None);
    }

    #[test]
    fn names_and_values_are_percent_decoded() {
        assert_eq!(first("to%6ben=a%2Bb+c", "token").as_deref(), Some("a+b c"));
    }

    #[test]
    fn a_value_that_is_not_utf8_does_not_count() {
        assert_eq!(first("a=%ff", "a"), None);
    }
}
