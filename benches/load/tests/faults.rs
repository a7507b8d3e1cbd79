//! The program against servers that do as they should, and against some that do not.
#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output},
    thread,
};

const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What a server makes of the nth message it gets.
type Answers = fn(u32, Vec<u8>) -> Vec<Vec<u8>>;

/// An echo server on a port of its own; it ends with the test's process.
fn server(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || serve(stream, answers));
        }
    });
    url
}

/// Until the client is gone, which is how each of these ends.
fn serve(mut stream: TcpStream, answers: Answers) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    stream.write_all(ANSWER)?;
    for nth in 1.. {
        let mut head = [0; 6];
        stream.read_exact(&mut head)?;
        let (length, mask) = (head[1] & 0x7f, &head[2..]);
        assert!(length < 126, "short messages only");
        let mut payload = vec![0; usize::from(length)];
        stream.read_exact(&mut payload)?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        for answer in answers(nth, payload) {
            stream.write_all(&[&[0x81, answer.len() as u8], &answer[..]].concat())?;
        }
    }
    Ok(())
}

/// One who talks and hears.
fn load(mode: &str, answers: Answers) -> Output {
    let url = server(answers);
    let args = "--members 1 --size 100 --rate 200 --warmup 0 --seconds 0.2 --patience 0.5 --url";
    let args = args.split(' ').chain([url.as_str()]);
    Command::new(env!("CARGO_BIN_EXE_load")).arg(mode).args(args).output().unwrap()
}

fn line(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_server_that_does_as_it_should_is_measured() {
    let output = load("fanout", |_, message| vec![message]);

    let line = line(&output);
    assert!(output.status.success(), "{output:?}");
    assert!(
        line.starts_with("{\"mode\":\"fanout\",\"members\":1.000") && line.ends_with("\"failed\":0}\n"),
        "{line}"
    );
    assert!(!line.contains("\"deliveries_per_s\":0.000"), "{line}");
}

#[test]
fn a_message_that_does_not_come_is_a_failure() {
    let output = load("fanout", |nth, message| if nth == 7 { vec![] } else { vec![message] });

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(line(&output).contains("\"lost\":1.000,\"doubled\":0.000"), "{output:?}");
}

#[test]
fn a_message_that_comes_twice_is_a_failure() {
    let output = load("fanout", |nth, message| vec![message; if nth == 7 { 2 } else { 1 }]);

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(line(&output).contains("\"lost\":0.000,\"doubled\":1.000"), "{output:?}");
}

#[test]
fn an_echo_of_something_else_is_a_failure() {
    let output = load("echo", |nth, message| if nth == 7 { vec![b"{}".to_vec()] } else { vec![message] });

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("instead of message 7 came \"{}\""), "{said}");
}

#[test]
fn what_is_no_option_ends_with_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_load")).args(["fanout", "--member", "1"]).output().unwrap();

    assert_eq!(output.status.code(), Some(2));
}
