//! axe-core, which sees what would be in the way of those who cannot see, or use no mouse.

use std::{fs, process::Stdio};

use serde_json::{Value, json};
use tokio::process::Command;

use super::{Folder, Tab, soon};

/// What npm needs to install it.
const PACKAGE: [(&str, &str); 2] = [
    ("package.json", include_str!("../../axe/package.json")),
    ("package-lock.json", include_str!("../../axe/package-lock.json")),
];

/// What is asked: the violations of all its rules, a line for each.
const LOOK: &str = "const done = arguments[0];
    axe.run({ resultTypes: ['violations'] }).then(({ violations }) => done(violations.map(
        ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target).join(', ')}`)));";

/// The source of axe-core.
#[derive(Debug)]
pub struct Axe(String);

impl Axe {
    /// Installs it from npm, in a folder below `parent`: `env!("CARGO_TARGET_TMPDIR")`.
    pub async fn install(parent: &str) -> Self {
        let folder = Folder::new(parent);
        for (name, content) in PACKAGE {
            fs::write(folder.file(name), content).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", &folder.file("")]);
        npm.stdin(Stdio::null()).kill_on_drop(true);
        let installed = soon("axe-core is installed", npm.output()).await.expect("npm is installed");
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        Self(fs::read_to_string(folder.file("node_modules/axe-core/axe.min.js")).unwrap())
    }

    /// Fails unless the page, as it is now, breaks none of its rules.
    pub async fn accepts(&self, tab: &Tab) {
        tab.settled().await;
        tab.run(&self.0).await;
        let broken: Value = tab.browser().execute_async(LOOK, vec![]).await.unwrap();
        assert_eq!(broken, json!([]), "{broken:#}");
    }
}
