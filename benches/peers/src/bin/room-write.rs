//! The limit: a loop of write(2) of one ready frame, one thread, and nothing else of a server.
//!
//! `room-write ADDRESS`; the handshake is as short as it can be, and each message goes to all.

use std::{
    env,
    io::{self, ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// RFC 6455's example, section 1.3, which is the key that the load generator sends.
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("ws://{}", listener.local_addr()?);
    let members = Arc::new(Mutex::new(Vec::new()));
    for (nth, stream) in listener.incoming().enumerate() {
        let mut stream = stream?;
        stream.set_nodelay(true)?;
        handshake(&mut stream)?;
        members.lock().unwrap_or_else(PoisonError::into_inner).push(stream.try_clone()?);
        stream.write_all(ANSWER)?;
        // the first of all is the one who talks
        if nth == 0 {
            let members = Arc::clone(&members);
            thread::spawn(move || match talk(stream, &members) {
                Err(error) if error.kind() != ErrorKind::UnexpectedEof => eprintln!("{error}"),
                Ok(()) | Err(_) => {}
            });
        }
    }
    Ok(())
}

fn handshake(stream: &mut TcpStream) -> io::Result<()> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    Ok(())
}

fn talk(mut stream: TcpStream, members: &Mutex<Vec<TcpStream>>) -> io::Result<()> {
    loop {
        let (mut header, mut mask, mut long) = ([0; 2], [0; 4], [0; 2]);
        stream.read_exact(&mut header)?;
        let mut frame = vec![header[0]];
        let length = match header[1] & 0x7f {
            126 => {
                stream.read_exact(&mut long)?;
                frame.push(126);
                frame.extend(long);
                usize::from(u16::from_be_bytes(long))
            }
            127 => return Err(io::Error::other("longer than any message of this benchmark")),
            length => {
                frame.push(length);
                usize::from(length)
            }
        };
        stream.read_exact(&mut mask)?;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload)?;
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        let mut members = members.lock().unwrap_or_else(PoisonError::into_inner);
        for member in members.iter_mut() {
            member.write_all(&frame)?;
        }
    }
}
