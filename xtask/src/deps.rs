//! `cargo xtask check-deps`: which crate must not know which.
//!
//! The arrows point one way: channels-layer <- channels-core <- channels-auth <- channels-actix. All features
//! are switched on: an arrow that turns only with a feature has turned.

use crate::shell::{self, Failure};

/// A crate, what it must not depend on, however far away, and why.
#[derive(Debug)]
struct Rule {
    from: &'static str,
    never: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        from: "channels-layer",
        never: &["actix-web", "actix-http", "actix"],
        why: "a worker or a script sends events without a web server",
    },
    Rule {
        from: "channels-core",
        never: &["channels-auth", "jsonwebtoken", "sqlx"],
        why: "who the user is, and where that is stored, is for the crates above",
    },
    Rule {
        from: "channels-client",
        never: &["channels-layer", "channels-core", "channels-auth"],
        why: "it serves files, whatever they connect to",
    },
];

/// # Errors
///
/// Every arrow that turned, with the way it takes.
pub(crate) fn run() -> Result<(), Failure> {
    let mut turned = Vec::new();
    for rule in RULES {
        let tree = ["tree", "-p", rule.from, "-e", "normal", "--all-features"];
        let tree = shell::output(shell::cargo(&tree).args(["--prefix", "depth", "--format", "{p}"]))?;
        turned.extend(rule.broken_by(&tree)?);
    }
    if turned.is_empty() {
        eprintln!("check-deps: every arrow points the right way");
        return Ok(());
    }
    Err(Failure::new(turned.join("\n")))
}

impl Rule {
    /// Reads what `cargo tree --prefix depth` prints: `2actix-web v4.18.0` is a dependency's dependency.
    fn broken_by(&self, tree: &str) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        let mut way: Vec<&str> = Vec::new();
        for line in tree.lines() {
            let unreadable =
                || Failure::new(format!("cargo tree printed what check-deps cannot read: {line}"));
            let digits = line.find(|c: char| !c.is_ascii_digit()).ok_or_else(unreadable)?;
            let Ok(depth) = line[..digits].parse() else { return Err(unreadable()) };
            let name = line[digits..].split(' ').next().unwrap_or_default();
            way.truncate(depth);
            way.push(name);
            // a crate that many use is printed as often: once is enough, and the first way is as good as any
            let first = !found.iter().any(|&(of, _)| of == name);
            if first && self.never.contains(&name) {
                found.push((name, way.join(" -> ")));
            }
        }
        if way.first() != Some(&self.from) {
            return Err(Failure::new(format!("cargo tree printed no tree of {}", self.from)));
        }
        let Self { from, why, .. } = self;
        let message = |(name, way)| format!("{from} must not depend on {name} ({why}), but does: {way}");
        Ok(found.into_iter().map(message).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { from: "layer", never: &["actix-web", "actix"], why: "no server" };

    #[test]
    fn a_dependency_of_a_dependency_turns_the_arrow_and_its_way_is_shown() {
        let tree = "0layer v0.1.0 (/home/ann/layer)\n1bytes v1.12.1\n1metrics v0.24.6\n2exporter v1.0.0\n\
                    3actix-web v4.18.0\n1tokio v1.54.0\n2actix-web v4.18.0 (*)\n";

        let broken = RULE.broken_by(tree).unwrap();

        assert_eq!(
            broken,
            [
                "layer must not depend on actix-web (no server), but does: layer -> metrics -> exporter -> actix-web"
            ]
        );
    }

    #[test]
    fn a_crate_whose_name_only_begins_alike_is_no_offence() {
        let tree = "0layer v0.1.0 (/home/ann/layer)\n1actix-web-actors v4.0.0\n1actix-rt v2.11.0\n";

        assert!(RULE.broken_by(tree).unwrap().is_empty());
    }

    #[test]
    fn an_empty_tree_proves_nothing() {
        RULE.broken_by("").unwrap_err();
        RULE.broken_by("0another v0.1.0\n").unwrap_err();
    }

    #[test]
    fn a_tree_that_cannot_be_read_proves_nothing() {
        RULE.broken_by("layer v0.1.0\n").unwrap_err();
    }
}
