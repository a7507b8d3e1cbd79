//! The suite itself: Autobahn|Testsuite, which runs on Python 2.7 alone, in a virtual environment below `target/`.
//!
//! Nothing else can take its place: it is what every WebSocket library is measured with.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use super::case::Case;
use crate::shell::{self, Failure};

/// The last release that works: 25.10.1 installs on Python 3, and does not run.
const RELEASE: &str = "autobahntestsuite==0.8.2";

/// The last release that runs on Python 2.7.
const VIRTUALENV: &str = "virtualenv==20.15.1";

/// Below the workspace's root.
const FOLDER: &str = "target/autobahn";

/// How long one part of the suite may take. The longest has taken 3 minutes, where others kept the processors busy.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Prints a line for each case. The suite's own Python reads what it wrote, so that we need no JSON.
const READ_INDEX: &str = r#"
import json, sys
for cases in json.load(open(sys.argv[1])).values():
    for name, case in cases.items():
        print("\t".join([name, case["behavior"], case["behaviorClose"]]))
"#;

/// The suite, ready to run.
#[derive(Debug)]
pub(crate) struct Suite {
    python: PathBuf,
}

impl Suite {
    /// Installs what is not there yet.
    ///
    /// # Errors
    ///
    /// [`Failure::unavailable`] if there is no Python 2.7, or PyPI does not give the rest.
    pub(crate) fn install() -> Result<Self, Failure> {
        let folder = shell::root().join(FOLDER);
        let environment = folder.join("env");
        let suite = Self { python: environment.join("bin/python") };
        if suite.is_complete() {
            return Ok(suite);
        }
        let python = python_2().ok_or_else(|| {
            Failure::unavailable(
                "the Autobahn suite needs Python 2.7, and there is none: not as python2.7 or python2, and not \
                 among pyenv's versions. Get one with: pyenv install 2.7.18",
            )
        })?;
        let tool = folder.join("virtualenv");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let run = |step: &mut Command| {
            shell::run(step).map_err(|failure| {
                Failure::unavailable(format!("the Autobahn suite cannot be installed: {failure}"))
            })
        };
        run(Command::new(&python).args(pip).args(["--upgrade", VIRTUALENV, "--target"]).arg(&tool))?;
        run(Command::new(&python)
            .env("PYTHONPATH", &tool)
            .args(["-m", "virtualenv", "--quiet", "--clear", "--no-periodic-update"])
            .arg(&environment))?;
        run(Command::new(&suite.python).args(pip).arg(RELEASE))?;
        if suite.is_complete() {
            Ok(suite)
        } else {
            Err(Failure::new("the Autobahn suite is installed, and does not work"))
        }
    }

    fn is_complete(&self) -> bool {
        // with all that the suite depends on
        let check = format!("import pkg_resources; pkg_resources.require('{RELEASE}')");
        shell::quiet_output(Command::new(&self.python).args(["-c", &check])).is_some()
    }

    /// The suite's name and version, and its Python's.
    pub(crate) fn version(&self) -> String {
        let python = "import platform; print(platform.python_version())";
        let python = shell::quiet_output(Command::new(&self.python).args(["-c", python])).unwrap_or_default();
        format!("{} on Python {}", RELEASE.replace("==", " "), python.trim())
    }

    /// Runs the cases that fit `pattern`, such as `12.1.*`, against the server at `url`.
    ///
    /// # Errors
    ///
    /// If the suite cannot be run, or takes too long.
    pub(crate) fn run(&self, server: &str, url: &str, pattern: &str) -> Result<Vec<Case>, Failure> {
        let reports = format!("{FOLDER}/reports/{server}/{}", pattern.trim_end_matches(".*"));
        let folder = shell::root().join(&reports);
        let started = start(&self.python, &folder, &specification(server, url, pattern, &reports));
        let mut wstest = started.map_err(|error| Failure::new(format!("{reports}: {error}")))?;
        let status = finish(&mut wstest).map_err(|error| Failure::new(format!("{pattern}: {error}")))?;
        if !status.success() {
            return Err(Failure::new(format!("{pattern}: the suite failed: {status}; see {reports}/log")));
        }
        let index = folder.join("index.json");
        let lines = shell::output(Command::new(&self.python).args(["-c", READ_INDEX]).arg(index))?;
        lines.lines().map(Case::parse).collect()
    }
}

/// What the suite is told. Nothing in it needs escaping: the names and paths are ours.
fn specification(server: &str, url: &str, pattern: &str, reports: &str) -> String {
    format!(
        r#"{{
  "outdir": "{reports}",
  "servers": [{{"agent": "{server}", "url": "{url}", "options": {{"version": 18}}}}],
  "cases": ["{pattern}"],
  "exclude-cases": [],
  "exclude-agent-cases": {{}}
}}
"#
    )
}

fn start(python: &Path, folder: &Path, specification: &str) -> io::Result<Child> {
    // reports of an earlier run must not be taken for this one's
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let file = folder.join("specification.json");
    fs::write(&file, specification)?;
    let log = File::create(folder.join("log"))?;
    let mut wstest = Command::new(python);
    wstest.arg(python.with_file_name("wstest")).args(["-m", "fuzzingclient", "-s"]).arg(file);
    shell::at_root(&mut wstest).stdout(log.try_clone()?).stderr(Stdio::from(log)).spawn()
}

fn finish(wstest: &mut Child) -> io::Result<ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = wstest.try_wait()? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(50));
    }
    wstest.kill()?;
    wstest.wait()?;
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("not done after {} s", PATIENCE.as_secs())))
}

/// A Python 2.7. A pyenv has a `python2.7` on `PATH` that does not run, unless it was told to.
fn python_2() -> Option<String> {
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(env::home_dir()?.join(".pyenv")));
    let versions = pyenv.and_then(|pyenv| fs::read_dir(pyenv.join("versions")).ok());
    let versions =
        versions.into_iter().flatten().flatten().map(|version| version.path().join("bin/python2.7"));
    let program = "import sys; assert sys.version_info[:2] == (2, 7); print(sys.executable)";
    ["python2.7", "python2"]
        .into_iter()
        .map(PathBuf::from)
        .chain(versions)
        .filter_map(|python| shell::quiet_output(Command::new(python).args(["-c", program])))
        .map(|executable| executable.trim().to_owned())
        .find(|executable| !executable.is_empty())
}
