//! Any text as a route's pattern, and any text as a path.

use crate::routing::Pattern;

/// The input: a pattern's levels, a line each; a zero; a path.
///
/// What is captured fits its converters, and put back into the pattern it makes the path again: nothing is left
/// over, and nothing is made up. A pattern that parses takes a path made for it.
pub fn pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (levels, path) = text.split_once('\0').unwrap_or((text, "/"));
    let levels: Vec<&str> = levels.split('\n').collect();
    let Ok(pattern) = Pattern::parse(&levels) else { return };

    if let Some(params) = pattern.captures(path) {
        let mut values = params.iter();
        assert_made_of(path, &levels, |param| {
            let (name, value) = values.next().expect("a value for each parameter");
            assert_eq!(name, param.name);
            assert!(param.takes(value), "{value:?} is no {}", param.converter);
            assert_eq!(params.get(name), Some(value), "a name stands for two values");
            value.to_owned()
        });
        assert_eq!(values.next(), None, "a value without a parameter");
    }
    if let [level] = levels[..] {
        let path = filled(level, |param| param.example().to_owned());
        assert!(pattern.captures(&path).is_some(), "{path:?} is not taken");
    }
}

/// Level after level, with slashes between them, or none where the level has none in front.
fn assert_made_of(path: &str, levels: &[&str], mut value: impl FnMut(Param<'_>) -> String) {
    let mut rest = path;
    for (depth, level) in levels.iter().enumerate() {
        let inner = rest.trim_start_matches('/');
        let slash = inner.len() < rest.len() || path[..path.len() - rest.len()].ends_with('/');
        assert!(slash || depth == 0 || !level.starts_with('/'), "a slash is missing before {level:?}");
        let filled = filled(level, &mut value);
        rest = inner.strip_prefix(&*filled).unwrap_or_else(|| panic!("{filled:?} is not what {path:?} has"));
    }
    assert_eq!(rest, "", "a part of the path is in no level");
}

/// The level with values for its parameters, without slashes in front.
fn filled(level: &str, mut value: impl FnMut(Param<'_>) -> String) -> String {
    let mut filled = String::new();
    let mut rest = level.trim_start_matches('/');
    while let Some(at) = rest.find(['{', '<']) {
        let djangos = rest[at..].starts_with('<');
        let end = at + rest[at..].find(if djangos { '>' } else { '}' }).expect("a bracket is closed");
        let inside = &rest[at + 1..end];
        let (name, converter) = match inside.split_once(':') {
            Some((converter, name)) if djangos => (name, converter),
            Some((name, converter)) => (name, converter),
            None => (inside, "str"),
        };
        filled += &rest[..at];
        filled += &value(Param { name, converter });
        rest = &rest[end + 1..];
    }
    filled + rest
}

struct Param<'a> {
    name: &'a str,
    converter: &'a str,
}

impl Param<'_> {
    /// Django's converters, in other words than the pattern's.
    fn takes(&self, value: &str) -> bool {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let slug = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let all = match self.converter {
            "str" => !value.contains('/'),
            "int" => value.bytes().all(|byte| byte.is_ascii_digit()),
            "slug" => value.bytes().all(slug),
            "uuid" => {
                let groups: Vec<_> = value.split('-').map(str::len).collect();
                groups == [8, 4, 4, 4, 12] && value.bytes().all(|byte| byte == b'-' || hex(byte))
            }
            "path" => !value.contains('\n'),
            other => panic!("there is no converter {other}"),
        };
        all && !value.is_empty()
    }

    fn example(&self) -> &'static str {
        match self.converter {
            "int" => "007",
            "uuid" => "01234567-89ab-cdef-0123-456789abcdef",
            "path" => "a/b",
            _ => "a-b",
        }
    }
}
