//! Bundles the page: React, TanStack Query, the workspace's browser client and what is in `page/`, by esbuild.
//!
//! Where there is no Node, the program is built all the same, with a page that says so.

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What `page/` has besides its sources.
const PACKAGE: [&str; 2] = ["package.json", "package-lock.json"];
/// The browser client, in the workspace.
const CLIENT: &str = "../../channels-client";
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
/// `--ignore-scripts`: esbuild finds its program without its own installation script.
const INSTALL: [&str; 4] = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
/// `site.js` stays where it is: all pages of the examples have it.
const BUNDLE: [&str; 10] = [
    "node_modules/esbuild/bin/esbuild",
    "src/main.jsx",
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    "--jsx=automatic",
    "--define:process.env.NODE_ENV=\"production\"",
    "--external:/static/*",
    "--outfile=../appointments.js",
];

fn main() -> io::Result<()> {
    for path in ["build.rs", "page", "../../channels-client/js", "../../channels-client/package.json"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    match bundle(&out.join("page")) {
        Ok(()) => fs::copy("page/index.html", out.join("index.html")).map(drop),
        Err(error) => {
            println!("cargo:warning=the page was not built, and says so: {error}");
            // what is not there has changed: it is tried again with each build
            println!("cargo:rerun-if-changed={}", out.join("built").display());
            fs::copy("page/unbuilt.html", out.join("index.html"))?;
            fs::write(out.join("appointments.js"), "")
        }
    }
}

/// Builds in a folder of its own: cargo wants sources to stay as they are.
fn bundle(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let lock = fs::read("page/package-lock.json")?;
    let installed = folder.join("installed");
    if !fs::read(&installed).is_ok_and(|of| of == lock) {
        for file in PACKAGE {
            fs::copy(Path::new("page").join(file), folder.join(file))?;
        }
        run(Command::new(NPM).args(INSTALL).current_dir(folder))?;
        fs::write(installed, lock)?;
    }
    replace(Path::new("page/src"), &folder.join("src"))?;
    let client = folder.join("node_modules/channels-client");
    replace(&Path::new(CLIENT).join("js"), &client.join("js"))?;
    fs::copy(Path::new(CLIENT).join("package.json"), client.join("package.json"))?;
    run(Command::new("node").args(BUNDLE).current_dir(folder))
}

/// Makes `to` hold the files of `from`, and no others.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let program = command.get_program().to_owned();
    let program = program.display();
    let Output { status, stderr, .. } =
        command.output().map_err(|error| format!("{program} cannot be run: {error}"))?;
    if status.success() {
        return Ok(());
    }
    // one line: a warning of cargo has no more
    let said = String::from_utf8_lossy(&stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(format!("{program} ended with {status}: {said}").into())
}
