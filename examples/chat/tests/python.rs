//! The chat from another language. `PYTHON` names the interpreter: one that has `websockets`.

use std::env;

use site::testing::soon;
use tokio::process::Command;

use crate::member::start;

#[tokio::test]
#[ignore = "needs python3 and websockets"]
async fn a_python_client_chats_and_is_refused_without_a_token() {
    let server = start().await;
    let python = env::var_os("PYTHON").unwrap_or_else(|| "/usr/bin/python3".into());

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client.py");
    let mut client = Command::new(python);
    client.args([script, &server.url("/")]).env("NO_PROXY", "*").kill_on_drop(true);
    let output = soon("the client ends", client.output()).await.unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
