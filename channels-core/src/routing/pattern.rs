//! Route patterns: what Django's `path()` takes, compiled once and matched against a decoded path.
//!
//! A parameter is written `{room}` or `{id:int}`; Django's own `<room>` and `<int:id>` mean the same, so a
//! route can be pasted from a Django project. Nested routers are levels of one pattern.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use regex::Regex;

/// Django's path converters and what each one takes.
const CONVERTERS: [(&str, &str); 5] = [
    ("str", "[^/]+"),
    ("int", "[0-9]+"),
    ("slug", "[-a-zA-Z0-9_]+"),
    ("uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    // a line feed ends it: `.` is Python's, which does not take one
    ("path", ".+"),
];

/// A compiled route.
///
/// It takes whole paths only and adds no trailing slash. Slashes in front do not count, neither the path's nor
/// the pattern's, and the same goes for every level of a nested pattern: Django's rules.
#[derive(Clone)]
pub(crate) struct Pattern {
    /// As it was written, in one piece and with one slash in front.
    source: String,
    names: Arc<[String]>,
    levels: Vec<Level>,
}

/// What one router of a nest takes from the front of what the outer ones have left.
#[derive(Clone)]
struct Level {
    regex: Regex,
    joint: Joint,
}

/// What stands between a level and the one around it.
#[derive(Clone, Copy, PartialEq)]
enum Joint {
    /// Any number of slashes, or none: `api` and `room` take `/apiroom` too, as they do in Django.
    Any,
    /// At least one slash. In Django an inner route that begins with a slash fits nothing; here it means it.
    Slash,
}

impl Pattern {
    /// Compiles a route: the prefixes of the routers around it, outermost first, then the route itself.
    ///
    /// # Errors
    ///
    /// [`PatternError`] for what is not a pattern. A name that occurs twice is one, even on two levels, where
    /// Django lets the inner one win.
    pub(crate) fn parse(levels: &[&str]) -> Result<Self, PatternError> {
        let source = join(levels);
        let mut names = Vec::new();
        let mut compiled = Vec::with_capacity(levels.len());

        for (depth, level) in levels.iter().enumerate() {
            let mut regex = to_regex(level, &source, &mut names)?;
            if depth + 1 == levels.len() {
                regex.push_str(r"\z");
            }
            let regex =
                Regex::new(&regex).map_err(|cause| PatternError::TooLarge(source.clone(), cause.into()))?;
            let joint = if depth > 0 && level.starts_with('/') { Joint::Slash } else { Joint::Any };
            compiled.push(Level { regex, joint });
        }
        Ok(Self { source, names: names.into(), levels: compiled })
    }

    /// The parameters if this pattern takes `path`, which is percent-decoded already.
    pub(crate) fn captures(&self, path: &str) -> Option<Params> {
        let mut values = Vec::with_capacity(self.names.len());
        let mut rest = path;

        // level by level, as Django does it: one regex for all of them would give characters that an outer
        // parameter has taken back to an inner one
        for level in &self.levels {
            let taken = path.len() - rest.len();
            let inner = rest.trim_start_matches('/');
            let slash = inner.len() < rest.len() || path[..taken].ends_with('/');
            if level.joint == Joint::Slash && !slash {
                return None;
            }
            let found = level.regex.captures(inner)?;
            values.extend(found.iter().skip(1).flatten().map(|value| value.as_str().to_owned()));
            rest = &inner[found.get_match().end()..];
        }
        rest.is_empty().then(|| Params { names: Arc::clone(&self.names), values })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

fn join(levels: &[&str]) -> String {
    let mut source = String::from("/");
    for level in levels {
        if level.starts_with('/') && !source.ends_with('/') {
            source.push('/');
        }
        source.push_str(level.trim_start_matches('/'));
    }
    source
}

/// The regex for the start of what `level` takes; its parameters' names are appended to `names`.
fn to_regex(level: &str, source: &str, names: &mut Vec<String>) -> Result<String, PatternError> {
    let mut rest = level.trim_start_matches('/');
    if rest.starts_with('^') || rest.ends_with('$') || rest.contains("(?") {
        return Err(PatternError::RegularExpression(source.into()));
    }
    let unbalanced = |bracket| PatternError::Unbalanced(source.into(), bracket);
    let mut regex = String::from(r"\A");

    while let Some((at, bracket)) = rest.char_indices().find(|(_, c)| "{}<>".contains(*c)) {
        let close = match bracket {
            '{' => '}',
            '<' => '>',
            stray => return Err(unbalanced(stray)),
        };
        let (inside, after) = rest[at + 1..].split_once(close).ok_or_else(|| unbalanced(bracket))?;
        let (name, converter) = match (bracket, inside.split_once(':')) {
            ('{', Some((name, converter))) | (_, Some((converter, name))) => (name, converter),
            (_, None) => (inside, "str"),
        };
        if name.contains(['{', '<']) {
            return Err(unbalanced(bracket));
        }
        if !is_identifier(name) {
            return Err(PatternError::BadName(source.into(), name.into()));
        }
        if names.iter().any(|known| known == name) {
            return Err(PatternError::DuplicateName(source.into(), name.into()));
        }
        let Some((_, takes)) = CONVERTERS.iter().find(|(known, _)| *known == converter) else {
            return Err(PatternError::UnknownConverter(source.into(), name.into(), converter.into()));
        };
        regex.push_str(&regex::escape(&rest[..at]));
        regex.extend(["(", takes, ")"]);
        names.push(name.into());
        rest = after;
    }
    regex.push_str(&regex::escape(rest));
    Ok(regex)
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && letters.all(|next| next == '_' || next.is_alphanumeric())
}

/// What a pattern's parameters stand for in one path, in the pattern's order.
///
/// `Debug` shows the values, as a log of the path would.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Params {
    names: Arc<[String]>,
    values: Vec<String>,
}

impl Params {
    /// The text that stands for `name`. An `int` keeps its leading zeros.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.names.iter().map(String::as_str).zip(self.values.iter().map(String::as_str))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Why a text is not a route pattern. The first field is the whole pattern.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// This parameter's converter is none of Django's five.
    #[error(
        "`{0}`: there is no converter `{2}`; `{1}` can be a str, int, slug, uuid or path, \
         written `{{id:int}}` or `<int:id>`"
    )]
    UnknownConverter(String, String, String),
    /// This bracket has no partner. A pattern's literal text has no brackets.
    #[error("`{0}`: a `{1}` has no partner; write a parameter as `{{room}}` or `<room>`")]
    Unbalanced(String, char),
    /// A parameter's name is not an identifier.
    #[error(
        "`{0}`: a parameter cannot be called `{1}`; write letters, digits and `_`, no digit first, \
         as in `{{room}}` or `{{room_id:int}}`"
    )]
    BadName(String, String),
    /// Two parameters have this name.
    #[error("`{0}`: two parameters are called `{1}`; rename one, be it an outer router's")]
    DuplicateName(String, String),
    /// The text looks like a route for Django's `re_path()`.
    #[error("`{0}` looks like a regular expression; write parameters, such as `{{room}}` or `{{id:int}}`")]
    RegularExpression(String),
    /// There are so many parameters, or so long a text, that the pattern cannot be compiled.
    #[error("`{0}` is too large to compile; write it with less text or fewer parameters")]
    TooLarge(String, #[source] Box<dyn Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(levels: &[&str], path: &str) -> Option<String> {
        Pattern::parse(levels).unwrap().captures(path).map(|params| format!("{params:?}"))
    }

    fn refusal(levels: &[&str]) -> String {
        Pattern::parse(levels).unwrap_err().to_string()
    }

    #[test]
    fn our_spelling_and_djangos_are_the_same_pattern() {
        let (ours, djangos) =
            ("/a/{room}/{id:int}-{name:slug}/{rest:path}", "a/<room>/<int:id>-<slug:name>/<path:rest>");

        let found = params(&[ours], "/a/日本 x/007-b_c/d//e/");

        assert_eq!(
            found.as_deref(),
            Some(r#"{"room": "日本 x", "id": "007", "name": "b_c", "rest": "d//e/"}"#)
        );
        assert_eq!(found, params(&[djangos], "/a/日本 x/007-b_c/d//e/"));
    }

    #[test]
    fn a_value_is_found_by_its_name_and_no_other() {
        let found = Pattern::parse(&["{a}/{b:str}"]).unwrap().captures("1/2").unwrap();

        assert_eq!(found.get("a"), Some("1"));
        assert_eq!(found.get("b"), Some("2"));
        assert_eq!(found.get("c"), None);
        assert_eq!(Params::default().get("a"), None);
    }

    #[test]
    fn a_pattern_takes_the_whole_path_and_adds_no_slash() {
        assert!(params(&["/ws/{id:int}/"], "//ws/1/").is_some());
        assert_eq!(params(&["/ws/{id:int}/"], "/ws/1"), None);
        assert_eq!(params(&["/ws/{id:int}/"], "/ws/1/more"), None);
        assert_eq!(params(&["/ws/{id:int}/"], "/ws/1/\n"), None);
        assert_eq!(params(&["/ws/"], "/x/ws/"), None);
    }

    #[test]
    fn an_inner_level_sees_what_the_outer_one_leaves_without_its_slashes() {
        assert!(params(&["api/{v:int}/", "room/{room}"], "/api/1//room/x").is_some());
        assert!(params(&["api", "room"], "/apiroom").is_some());
        assert_eq!(params(&["{a}", "{b}"], "ab"), None, "nothing is taken back from the outer level");
        assert_eq!(params(&["", "a/", "{n:int}"], "/a/9").as_deref(), Some(r#"{"n": "9"}"#));
    }

    #[test]
    fn a_slash_before_an_inner_level_must_be_in_the_path() {
        assert!(params(&["/api", "/room"], "/api/room").is_some());
        assert!(params(&["/api/", "/room"], "/api/room").is_some());
        assert_eq!(params(&["/api", "/room"], "/apiroom"), None);
    }

    #[test]
    fn the_source_is_one_piece_with_one_slash_in_front() {
        let source = |levels: &[&str]| format!("{:?}", Pattern::parse(levels).unwrap());

        assert_eq!(source(&["ws/{room}/"]), r#"Pattern("/ws/{room}/")"#);
        assert_eq!(source(&["//api", "/x"]), r#"Pattern("/api/x")"#);
        assert_eq!(source(&["/api/", "/x"]), r#"Pattern("/api/x")"#);
        assert_eq!(source(&["", "x"]), r#"Pattern("/x")"#);
    }

    #[test]
    fn an_error_says_what_to_write_instead() {
        let unknown = "`/a/{id:\\d{4}}`: there is no converter `\\d{4`; `id` can be a str, int, slug, uuid or \
                       path, written `{id:int}` or `<int:id>`";
        assert_eq!(refusal(&["/a/{id:\\d{4}}"]), unknown);
        assert!(
            refusal(&["<id:int>"]).contains("no converter `id`; `int` can be a str, int, slug, uuid or path")
        );
        assert!(refusal(&["{id:}"]).contains("no converter ``"));
        for text in ["{", "a/{b", "a/{b>", "{a/{b}", "<int:a/<b>"] {
            assert!(refusal(&[text]).contains("has no partner"), "{text}");
        }
        assert!(refusal(&["a}b"]).contains("`}` has no partner"));
        for name in ["", "1x", "a b", "a-b", " a"] {
            let refusal = refusal(&[&format!("/{{{name}:int}}")]);
            assert!(refusal.contains(&format!("cannot be called `{name}`")), "{refusal}");
        }
        assert_eq!(
            refusal(&["{id}", "/b/<int:id>"]),
            "`/{id}/b/<int:id>`: two parameters are called `id`; rename one, be it an outer router's"
        );
        for text in ["^ws/", "ws/$", r"ws/(?P<room>\w+)/"] {
            assert!(refusal(&[text]).contains("looks like a regular expression"), "{text}");
        }
        assert!(matches!(Pattern::parse(&[&"a".repeat(1 << 20)]), Err(PatternError::TooLarge(..))));
    }

    #[test]
    fn no_path_makes_it_panic() {
        let rest = Pattern::parse(&["a/", "{x}/", "{rest:path}"]).unwrap();
        let long = "é".repeat(32 * 1024);

        assert_eq!(rest.captures(&format!("a/x/{long}")).unwrap().get("rest"), Some(&*long));
        assert!(rest.captures(&"/".repeat(64 * 1024)).is_none());
        assert!(rest.captures("").is_none());
        assert_eq!(rest.captures("a/\0/\0").unwrap().get("x"), Some("\0"));
        assert!(Pattern::parse(&[]).unwrap().captures("/a").is_none());
    }
}

#[cfg(test)]
mod vectors {
    use std::env;
    use std::fs;
    use std::path::PathBuf;

    use serde_json::{Value, json};

    use super::*;

    /// A route of Django's, with those of the routers around it.
    #[derive(Clone)]
    struct Route<'a> {
        index: Vec<usize>,
        /// `None` if it is not ours to take: a `re_path`, or a slash in front, which fits nothing in Django.
        levels: Option<Vec<&'a str>>,
        /// The parameters that do not come from the path.
        defaults: Vec<&'a String>,
    }

    impl<'a> Route<'a> {
        fn all_below(self, router: &'a Value) -> Vec<Self> {
            let Some(routes) = router["routes"].as_array() else { return vec![self] };
            let below = routes.iter().enumerate().flat_map(|(at, inner)| {
                let mut route = self.clone();
                route.index.push(at);
                route
                    .defaults
                    .extend(inner["kwargs"].as_object().into_iter().flat_map(|kwargs| kwargs.keys()));
                route.levels = route.levels.and_then(|mut levels| {
                    levels.push(inner["path"].as_str().filter(|path| !path.starts_with('/'))?);
                    Some(levels)
                });
                route.all_below(inner)
            });
            below.collect()
        }

        fn pattern(&self) -> Option<Pattern> {
            match Pattern::parse(self.levels.as_ref()?) {
                Ok(pattern) => Some(pattern),
                // Django takes the one as a text, and lets the inner name win in the other
                Err(PatternError::Unbalanced(..) | PatternError::DuplicateName(..)) => None,
                Err(other) => panic!("{other}"),
            }
        }

        fn assert_same_params(&self, params: &Params, case: &Value) {
            let kwargs = case["kwargs"].as_object().unwrap();
            let names = kwargs.keys().filter(|name| !self.defaults.contains(name));
            let ours = params.iter().filter(|(name, _)| !self.defaults.iter().any(|known| known == name));
            assert_eq!(names.count(), ours.clone().count(), "{params:?} {case}");
            for (name, value) in ours {
                let value = match (kwargs[name]["type"].as_str(), value.trim_start_matches('0')) {
                    (Some("int"), "") => "0",
                    (Some("int"), number) => number,
                    (Some(_) | None, _) => value,
                };
                assert_eq!(kwargs[name]["value"], value, "{name} {case}");
            }
        }
    }

    #[test]
    fn vectors_of_djangos_url_router_take_the_same_route_with_the_same_parameters() {
        let directory = env::var_os("CHANNELS_VECTORS").map_or_else(
            || concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/django/vectors").into(),
            PathBuf::from,
        );
        let text = fs::read_to_string(directory.join("url_router.json")).unwrap();
        let vectors: Value = serde_json::from_str(&text).unwrap();
        let (mut taken, mut left, mut refused) = (0, 0, 0);

        let routers =
            vectors["cases"].as_array().unwrap().iter().filter(|router| router["root_path"].is_null());
        for router in routers {
            let routes = Route { index: vec![], levels: Some(vec![]), defaults: vec![] }.all_below(router);
            if router["error"].is_string() {
                for levels in routes.iter().filter_map(|route| route.levels.as_ref()) {
                    assert!(Pattern::parse(levels).is_err(), "{levels:?}");
                    refused += 1;
                }
                continue;
            }
            let routes: Vec<_> = routes.iter().map(|route| (route, route.pattern())).collect();
            for case in router["paths"].as_array().unwrap() {
                // the first one wins in Django: none before it may fit here
                for (route, pattern) in &routes {
                    let expected = case["match"] == json!(route.index);
                    if let Some(pattern) = pattern {
                        let found = pattern.captures(case["path"].as_str().unwrap());
                        assert_eq!(found.is_some(), expected, "{pattern:?} {case}");
                        found.inspect(|params| route.assert_same_params(params, case));
                        *(if expected { &mut taken } else { &mut left }) += 1;
                    }
                    if expected {
                        break;
                    }
                }
            }
        }
        assert!(taken >= 80 && left >= 150 && refused >= 4, "checked only {taken}, {left} and {refused}");
    }
}
