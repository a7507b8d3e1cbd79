//! ChromeDriver and its browsers, for one test.

use std::process::Stdio;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{Folder, Tab, soon};

/// A ChromeDriver on a free port. It and all its browsers end when it is dropped, whatever the test did.
#[derive(Debug)]
pub struct ChromeDriver {
    group: String,
    _child: Child,
    // kept open: it may print
    _out: Lines<BufReader<ChildStdout>>,
    address: String,
    profiles: Folder,
}

impl ChromeDriver {
    /// Starts one, whose files are in a folder below `parent`: `env!("CARGO_TARGET_TMPDIR")`.
    pub async fn start(parent: &str) -> Self {
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
        Self { group, _child: child, _out: out, address, profiles: Folder::new(parent) }
    }

    /// A browser of its own for `user`, with a view of 1100 by 700 pixels.
    pub async fn browser(&self, user: &str) -> Tab {
        let profile = format!("--user-data-dir={}", self.profiles.file(user));
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en-GB", &profile];
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(options.as_object().unwrap().clone());
        let browser = soon("a browser starts", builder.connect(&self.address)).await.unwrap();
        let frame = browser.execute("return [outerWidth - innerWidth, outerHeight - innerHeight]", vec![]);
        let [width, height]: [u32; 2] = serde_json::from_value(frame.await.unwrap()).unwrap();
        browser.set_window_size(1100 + width, 700 + height).await.unwrap();
        Tab::new(browser, &format!("{}/session", self.address)).await
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        let group = format!("-{}", self.group);
        let ended = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        if !ended.is_ok_and(|status| status.success()) {
            tracing::warn!(group = self.group, "a process group was not ended");
        }
    }
}
