//! What the tests need beyond Rust: one entry for each program, and the Debian packages that bring it.
//!
//! A test that uses one is `#[ignore = "needs chromium"]`, so that plain `cargo test` works anywhere.

/// Something outside the workspace that a test starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) check: Check,
    pub(crate) packages: &'static [&'static str],
    pub(crate) why: &'static str,
}

/// How to see that a need is met.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    /// A program of this name is on `PATH`.
    Program(&'static str),
    /// One Python can import all of these. Keep it one entry: the tests are told of one interpreter.
    Python(&'static [&'static str]),
    /// PostgreSQL's server, which Debian keeps off `PATH`.
    Postgres,
}

/// What the browser client is tested with, apart from browsers.
pub(crate) const NODE: &[Need] = &[
    Need { check: Check::Program("node"), packages: &["nodejs"], why: "the browser client's own tests" },
    Need {
        check: Check::Program("npm"),
        packages: &["npm"],
        why: "what those tests and an example's page use, such as React",
    },
];

pub(crate) const NEEDS: &[Need] = &[
    Need {
        check: Check::Program("chromium"),
        packages: &["chromium"],
        why: "the browser tests open pages in it",
    },
    Need {
        check: Check::Program("chromedriver"),
        packages: &["chromium-driver"],
        why: "the browser tests drive chromium through it",
    },
    NODE[0],
    NODE[1],
    Need {
        check: Check::Program("redis-server"),
        packages: &["redis-server"],
        why: "the layers over Redis, and its fail-over by sentinel",
    },
    Need {
        check: Check::Python(&["websockets", "ensurepip"]),
        packages: &["python3", "python3-venv", "python3-websockets"],
        why: "a WebSocket client that is not written in Rust, and a Django site to compare with",
    },
    Need {
        check: Check::Postgres,
        packages: &["postgresql"],
        why: "the database of a Django site, beside SQLite",
    },
];

/// The needs that are not met.
pub(crate) fn lacking(needs: &[Need], is_met: impl Fn(&Check) -> bool) -> Vec<&Need> {
    needs.iter().filter(|need| !is_met(&need.check)).collect()
}

/// The packages that bring all of `lacking`, each once.
pub(crate) fn packages(lacking: &[&Need]) -> Vec<&'static str> {
    let mut packages: Vec<_> = lacking.iter().flat_map(|need| need.packages).copied().collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Tells a person what lacks, what it is for, and what to install.
pub(crate) fn describe(lacking: &[&Need]) -> String {
    let mut text = String::from("this machine lacks what the tests need:\n");
    for need in lacking {
        let what = match need.check {
            Check::Program(name) => format!("the program {name}"),
            Check::Python(modules) => format!("a Python that can import {}", modules.join(", ")),
            Check::Postgres => "PostgreSQL's server".to_owned(),
        };
        text += &format!("  - {what}: {}\n", need.why);
    }
    text +=
        &format!("On Debian:  sudo apt-get install --no-install-recommends {}", packages(lacking).join(" "));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIS: Need =
        Need { check: Check::Program("redis-server"), packages: &["redis-server"], why: "the Redis layer" };
    const CLI: Need = Need {
        check: Check::Program("redis-cli"),
        packages: &["redis-tools", "redis-server"],
        why: "its keys",
    };
    const PYTHON: Need =
        Need { check: Check::Python(&["websockets", "msgpack"]), packages: &["python3"], why: "a peer" };

    #[test]
    fn only_what_the_probe_does_not_find_is_lacking() {
        let needs = [REDIS, CLI, PYTHON];

        let lacking = lacking(&needs, |check| matches!(check, Check::Program("redis-cli")));

        let whys: Vec<_> = lacking.iter().map(|need| need.why).collect();
        assert_eq!(whys, ["the Redis layer", "a peer"]);
    }

    #[test]
    fn a_package_that_two_needs_share_is_installed_once() {
        assert_eq!(packages(&[&REDIS, &CLI]), ["redis-server", "redis-tools"]);
    }

    #[test]
    fn the_message_names_each_need_and_one_command_for_all() {
        let text = describe(&[&REDIS, &PYTHON]);

        assert_eq!(
            text,
            "this machine lacks what the tests need:\n  \
             - the program redis-server: the Redis layer\n  \
             - a Python that can import websockets, msgpack: a peer\n\
             On Debian:  sudo apt-get install --no-install-recommends python3 redis-server"
        );
    }

    #[test]
    fn there_is_one_python_for_all_tests() {
        let pythons = NEEDS.iter().filter(|need| matches!(need.check, Check::Python(_))).count();

        assert_eq!(pythons, 1);
    }
}
