//! ChromeDriver and its browsers, for one test.

use std::{
    fs,
    path::PathBuf,
    process::{self, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::soon;

/// A ChromeDriver on a free port. It and all its browsers end when it is dropped, whatever the test did.
pub(crate) struct ChromeDriver {
    group: String,
    _child: Child,
    // kept open: it may print
    _out: Lines<BufReader<ChildStdout>>,
    address: String,
    /// Of its browsers.
    profiles: PathBuf,
}

impl ChromeDriver {
    pub(crate) async fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // its browsers will be in this group: to end the group is to end them all
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed");
        let group = child.id().expect("it runs").to_string();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = soon("chromedriver names its port", async {
            loop {
                let line = out.next_line().await.unwrap().expect("chromedriver runs");
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    break port.trim_end_matches('.').to_owned();
                }
            }
        });
        let address = format!("http://127.0.0.1:{}", port.await);
        Self { group, _child: child, _out: out, address, profiles: folder() }
    }

    /// A browser of its own for `user`, with a view of 1100 by 700 pixels.
    pub(crate) async fn browser(&self, user: &str) -> Client {
        let profile = format!("--user-data-dir={}", self.profiles.join(user).display());
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en-GB", &profile];
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(options.as_object().unwrap().clone());
        let browser = soon("a browser starts", builder.connect(&self.address)).await.unwrap();
        let frame = browser.execute("return [outerWidth - innerWidth, outerHeight - innerHeight]", vec![]);
        let [width, height]: [u32; 2] = serde_json::from_value(frame.await.unwrap()).unwrap();
        browser.set_window_size(1100 + width, 700 + height).await.unwrap();
        browser
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        let group = format!("-{}", self.group);
        let ended = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        if !ended.is_ok_and(|status| status.success()) {
            eprintln!("process group {} was not ended", self.group);
        }
        if let Err(error) = fs::remove_dir_all(&self.profiles) {
            eprintln!("{} stays: {error}", self.profiles.display());
        }
    }
}

/// One that is not there yet.
fn folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("browsers-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}
