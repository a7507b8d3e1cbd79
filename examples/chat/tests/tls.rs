//! The chat over TLS, with a certificate and a key by flag.

use std::{fs, sync::Arc};

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use site::testing::{Folder, Server, soon};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::member::program;

#[tokio::test]
async fn a_certificate_and_a_key_make_it_https_and_wss() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.file("cert.pem"), folder.file("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let program = program(":memory:").args(&["--cert", &cert, "--key", &key]);
    let server = Server::run(program).await;
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let trust = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

    let stream = TcpStream::connect(server.address()).await.unwrap();
    let connector = TlsConnector::from(Arc::new(trust));
    let localhost = ServerName::try_from("localhost").unwrap();
    let mut stream = soon("the TLS handshake", connector.connect(localhost, stream)).await.unwrap();
    let request = "GET /ws/chat/lobby/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    soon("the answer", stream.read_exact(&mut answer)).await.unwrap();

    assert_eq!(answer, b"HTTP/1.1 101");
}

#[tokio::test]
async fn a_certificate_without_its_key_is_told_at_the_start() {
    let (status, said) = program(":memory:").args(&["--cert", "cert.pem"]).fails().await;

    assert_eq!(status, Some(2));
    assert!(said.contains("--key <PATH>"), "{said}");
}
