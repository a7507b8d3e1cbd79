//! `cargo xtask check`: what a change must pass beyond its tests, cheapest first.

use std::process::Command;

use crate::deps;
use crate::report::Report;
use crate::shell::{self, Failure};

/// # Errors
///
/// If any of the checks fails; all of them are run.
pub(crate) fn run() -> Result<(), Failure> {
    let mut report = Report::new("check");
    report.step("check-deps", || deps::run().map(|()| String::new()));
    report.step("fmt", || quietly(&mut shell::cargo(&["fmt", "--all", "--check"])));
    // workspaces of their own
    for workspace in ["fuzz", "benches/peers"] {
        let manifest = format!("{workspace}/Cargo.toml");
        let fmt = ["fmt", "--manifest-path", &manifest, "--check"];
        report.step(format!("fmt, {workspace}"), || quietly(&mut shell::cargo(&fmt)));
    }
    report.step("clippy", || {
        let clippy = ["clippy", "--workspace", "--all-features", "--all-targets", "--", "-D", "warnings"];
        quietly(&mut shell::cargo(&clippy))
    });
    report.step("clippy, benches/peers", || {
        let peers = ["clippy", "--locked", "--manifest-path", "benches/peers/Cargo.toml"];
        let clippy = ["--target-dir", "target/peers", "--all-targets", "--", "-D", "warnings"];
        quietly(shell::cargo(&peers).args(clippy))
    });
    report.step("rustdoc", || {
        let doc = ["doc", "--workspace", "--all-features", "--no-deps"];
        quietly(shell::cargo(&doc).env("RUSTDOCFLAGS", "-D warnings"))
    });
    match features() {
        Ok(members) => members.iter().for_each(|member| check_each_feature(&mut report, member)),
        Err(failure) => report.step("features", || Err(failure)),
    }
    report.finish()
}

fn quietly(command: &mut Command) -> Result<String, Failure> {
    shell::run(command).map(|()| String::new())
}

/// Without dependencies for tests: they could switch on what the crate itself forgot to ask for.
fn check_each_feature(report: &mut Report, member: &Member) {
    let alone = ["check", "-p", &member.name, "--no-default-features"];
    report.step(format!("{}, no features", member.name), || quietly(&mut shell::cargo(&alone)));
    for feature in &member.features {
        report.step(format!("{}, only {feature}", member.name), || {
            quietly(shell::cargo(&alone).args(["--features", feature]))
        });
    }
}

/// A crate of the workspace and its features but `default`.
#[derive(Debug, PartialEq)]
struct Member {
    name: String,
    features: Vec<String>,
}

/// The members that have features, as cargo reads the manifests.
fn features() -> Result<Vec<Member>, Failure> {
    let tree = ["tree", "--workspace", "--all-features", "--depth", "0", "--prefix", "none"];
    let output = shell::output(shell::cargo(&tree).args(["--format", "{p}|{f}"]))?;
    Ok(members(&output))
}

/// Reads lines like `channels-auth v0.1.0 (/home/ann/channels-auth)|default,jwt`.
fn members(tree: &str) -> Vec<Member> {
    let mut members = Vec::new();
    for line in tree.lines() {
        let Some((package, features)) = line.rsplit_once('|') else { continue };
        let features = features.split(',').filter(|name| !name.is_empty() && *name != "default");
        let features: Vec<_> = features.map(str::to_owned).collect();
        let name = package.split(' ').next().unwrap_or(package).to_owned();
        if !features.is_empty() {
            members.push(Member { name, features });
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_but_default_is_checked_alone() {
        let tree = "\
channels-actix v0.1.0 (/home/ann/channels)|default,jwt,redis

channels-core v0.1.0 (/home/ann/channels/channels-core)|

channels-auth v0.1.0 (/home/ann/channels/channels-auth)|default,jwt
";

        let members = members(tree);

        let member = |name: &str, features: &[&str]| Member {
            name: name.to_owned(),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
        };
        assert_eq!(members, [member("channels-actix", &["jwt", "redis"]), member("channels-auth", &["jwt"])]);
    }

    #[test]
    fn the_features_of_this_workspace_are_found() {
        let members = features().unwrap();

        let auth = members.iter().find(|member| member.name == "channels-auth").unwrap();
        assert!(auth.features.contains(&"jwt".to_owned()), "{auth:?}");
    }
}
