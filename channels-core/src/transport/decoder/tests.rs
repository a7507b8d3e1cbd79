use super::*;

const KEY: [u8; 4] = [0x9D, 0x01, 0xF7, 0x6A];
const LIMITS: MessageLimits = MessageLimits { message: 1 << 20, fragments: 1_000, inflation: None };

// a frame's first byte
const FIN: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = FIN | 0x8;
const PING: u8 = FIN | 0x9;
const PONG: u8 = FIN | 0xA;

/// What came of a connection: its messages, and how it broke the protocol if it did.
type Outcome = (Vec<Message>, Option<ProtocolError>);

fn server() -> Decoder {
    Decoder::new(Role::Server, LIMITS)
}

/// A header with the shortest length, without the mask's key.
fn header(first: u8, masked: bool, length: u64) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    match length {
        0..=125 => vec![first, mask | length as u8],
        126..=0xFFFF => [&[first, mask | 126][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[first, mask | 127][..], &length.to_be_bytes()].concat(),
    }
}

/// A frame as a browser sends it.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = header(first, true, payload.len() as u64);
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame as a server sends it.
fn unmasked(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    [&header(first, false, payload.len() as u64), payload].concat()
}

fn close(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    frame(CLOSE, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// All that `decoder` makes of `pieces`, each as one read.
fn decode<'a>(mut decoder: Decoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut messages = Vec::new();
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.next(&mut input) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
        assert!(input.is_empty(), "the decoder asks for more before it has used up what it got");
    }
    (messages, None)
}

fn received(bytes: &[u8]) -> Outcome {
    decode(server(), [bytes])
}

fn breach(bytes: &[u8]) -> ProtocolError {
    received(bytes).1.unwrap()
}

fn text(text: &str) -> Message {
    Message::Frame(Frame::Text(text.into()))
}

fn binary(data: &[u8]) -> Message {
    Message::Frame(Frame::Binary(Bytes::copy_from_slice(data)))
}

fn closed(code: u16, reason: &str) -> Message {
    let code = CloseCode::from_wire(code).unwrap();
    Message::Close(Some(CloseReason { code, reason: reason.into() }))
}

/// A stream with something of everything, and what it says.
fn everything() -> (Vec<u8>, Vec<Message>) {
    let long = "Größe ".repeat(40);
    let longer = vec![7; 70_000];
    let stream = [
        frame(FIN | TEXT, "hello"),
        frame(FIN | TEXT, ""),
        frame(FIN | TEXT, &long),
        frame(FIN | BINARY, b"\x00\xFF"),
        frame(PING, ""),
        frame(TEXT, "κόσμ".as_bytes()[..7].as_ref()),
        frame(PING, "are you there?"),
        frame(CONTINUATION, ""),
        frame(PONG, "unasked"),
        frame(FIN | CONTINUATION, "κόσμε".as_bytes()[7..].as_ref()),
        frame(BINARY, b"\xFF"),
        frame(FIN | CONTINUATION, &longer),
        close(4001, "ungültig"),
        frame(FIN | TEXT, "too late"),
    ];
    let messages = vec![
        text("hello"),
        text(""),
        text(&long),
        binary(b"\x00\xFF"),
        Message::Ping(Bytes::new()),
        Message::Ping(Bytes::from_static(b"are you there?")),
        Message::Pong(Bytes::from_static(b"unasked")),
        text("κόσμε"),
        binary(&[&[0xFF], &longer[..]].concat()),
        closed(4001, "ungültig"),
    ];
    (stream.concat(), messages)
}

#[test]
fn a_stream_means_the_same_wherever_it_is_cut() {
    let (stream, messages) = everything();
    let expected = (messages, None);

    assert_eq!(received(&stream), expected);
    assert_eq!(decode(server(), stream.chunks(1)), expected);
    // inside the large payload a few cuts say it all
    for cut in (0..stream.len()).filter(|cut| !(1_000..70_000).contains(cut) || cut % 4_999 == 0) {
        let (before, after) = stream.split_at(cut);
        assert_eq!(decode(server(), [before, after]), expected, "cut at {cut}");
    }
}

#[test]
fn every_form_of_length_is_read() {
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 1 << 20] {
        let payload = vec![b'*'; length];
        assert_eq!(
            received(&frame(FIN | BINARY, &payload)),
            (vec![binary(&payload)], None),
            "{length} bytes"
        );
    }
}

#[test]
fn a_client_takes_what_a_server_sends() {
    let stream = [unmasked(TEXT, "hel"), unmasked(PING, "?"), unmasked(FIN | CONTINUATION, "lo")].concat();

    let outcome = decode(Decoder::new(Role::Client, LIMITS), stream.chunks(1));

    assert_eq!(outcome, (vec![Message::Ping(Bytes::from_static(b"?")), text("hello")], None));
}

#[test]
fn a_character_may_be_cut_between_fragments() {
    let parts = "👋".as_bytes();
    let stream = [
        frame(TEXT, &parts[..1]),
        frame(CONTINUATION, &parts[1..2]),
        frame(CONTINUATION, ""),
        frame(FIN | CONTINUATION, &parts[2..]),
    ]
    .concat();

    assert_eq!(received(&stream), (vec![text("👋")], None));
    assert_eq!(decode(server(), stream.chunks(1)), (vec![text("👋")], None));
}

#[test]
fn a_close_may_say_nothing() {
    assert_eq!(received(&frame(CLOSE, "")), (vec![Message::Close(None)], None));
}

#[test]
fn a_close_may_interrupt_a_message() {
    let stream = [frame(TEXT, "never end"), close(1000, "")].concat();

    assert_eq!(received(&stream), (vec![closed(1000, "")], None));
}

#[test]
fn a_close_may_have_every_code_a_peer_may_send_and_no_other() {
    for code in 0..=u16::MAX {
        let expected = match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => (vec![closed(code, "why")], None),
            _ => (vec![], Some(ProtocolError::BadCloseCode(code))),
        };
        assert_eq!(received(&close(code, "why")), expected);
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    let limits = MessageLimits { message: 4, fragments: 2, ..LIMITS };
    let stream = [
        frame(FIN | TEXT, "four"),
        frame(TEXT, "fo"),
        frame(FIN | CONTINUATION, "ur"),
        frame(PING, "longer"),
    ];

    let outcome = decode(Decoder::new(Role::Server, limits), [&stream.concat()[..]]);

    assert_eq!(
        outcome,
        (vec![text("four"), text("four"), Message::Ping(Bytes::from_static(b"longer"))], None)
    );
}

#[test]
fn random_messages_in_random_fragments_and_random_reads_come_out_as_they_went_in() {
    let mut random = Random(2025);
    for round in 0..200 {
        let (stream, messages) = random.stream();

        let mut rest = &stream[..];
        let mut reads = Vec::new();
        while !rest.is_empty() {
            let (read, after) = rest.split_at((1 + random.below(3_000)).min(rest.len()));
            reads.push(read);
            rest = after;
        }

        assert_eq!(decode(server(), reads), (messages, None), "round {round}");
    }
}

#[test]
fn a_reserved_bit_is_a_breach() {
    for bit in [0x40, 0x20, 0x10] {
        assert_eq!(breach(&frame(FIN | bit | TEXT, "x")), ProtocolError::ReservedBits);
        assert_eq!(breach(&frame(bit | PING, "x")), ProtocolError::ReservedBits);
    }
}

#[test]
fn an_opcode_nobody_defined_is_a_breach() {
    for opcode in (0x3..=0x7).chain(0xB..=0xF) {
        assert_eq!(breach(&frame(FIN | opcode, "x")), ProtocolError::UnknownOpcode(opcode));
    }
}

#[test]
fn a_server_refuses_a_frame_without_a_mask() {
    assert_eq!(breach(&unmasked(FIN | TEXT, "x")), ProtocolError::Unmasked);
    assert_eq!(breach(&unmasked(PING, "")), ProtocolError::Unmasked);
}

#[test]
fn a_client_refuses_a_frame_with_a_mask() {
    let outcome = decode(Decoder::new(Role::Client, LIMITS), [&frame(FIN | TEXT, "x")[..]]);

    assert_eq!(outcome, (vec![], Some(ProtocolError::Masked)));
}

#[test]
fn a_control_frame_in_fragments_is_a_breach() {
    for control in [CLOSE, PING, PONG] {
        assert_eq!(breach(&frame(control & !FIN, "x")), ProtocolError::FragmentedControl);
    }
}

#[test]
fn a_control_frame_of_126_bytes_is_a_breach() {
    for control in [CLOSE, PING, PONG] {
        assert_eq!(received(&frame(PONG, [0; 125])).1, None);
        assert_eq!(breach(&frame(control, [0; 126])), ProtocolError::ControlTooLong);
        assert_eq!(breach(&frame(control, [0; 70_000])), ProtocolError::ControlTooLong);
    }
}

#[test]
fn a_length_with_its_top_bit_set_is_a_breach() {
    for length in [1 << 63, u64::MAX] {
        assert_eq!(breach(&header(FIN | BINARY, true, length)), ProtocolError::LengthTopBit);
    }
}

#[test]
fn a_length_in_more_bytes_than_it_needs_is_a_breach() {
    for length in [0_u16, 1, 125] {
        let long = [&[FIN | BINARY, 0x80 | 126][..], &length.to_be_bytes(), &KEY].concat();
        assert_eq!(breach(&long), ProtocolError::LengthNotMinimal, "{length} in two bytes");
    }
    for length in [0_u64, 125, 126, 65_535] {
        let long = [&[FIN | BINARY, 0x80 | 127][..], &length.to_be_bytes(), &KEY].concat();
        assert_eq!(breach(&long), ProtocolError::LengthNotMinimal, "{length} in eight bytes");
    }
}

#[test]
fn a_continuation_of_nothing_is_a_breach() {
    assert_eq!(breach(&frame(CONTINUATION, "x")), ProtocolError::NothingToContinue);
    assert_eq!(breach(&frame(FIN | CONTINUATION, "")), ProtocolError::NothingToContinue);

    let after_a_whole_message = [frame(FIN | TEXT, "x"), frame(FIN | CONTINUATION, "x")].concat();
    assert_eq!(received(&after_a_whole_message), (vec![text("x")], Some(ProtocolError::NothingToContinue)));
}

#[test]
fn a_message_inside_another_is_a_breach() {
    for second in [TEXT, BINARY, FIN | TEXT, FIN | BINARY] {
        let stream = [frame(TEXT, "x"), frame(PING, ""), frame(second, "x")].concat();
        let ping = Message::Ping(Bytes::new());
        assert_eq!(received(&stream), (vec![ping], Some(ProtocolError::Interleaved)));
    }
}

#[test]
fn a_close_with_half_a_code_is_a_breach() {
    assert_eq!(breach(&frame(CLOSE, b"\x03")), ProtocolError::HalfCloseCode);
}

#[test]
fn a_close_whose_reason_is_not_utf8_is_a_breach() {
    assert_eq!(breach(&close(1000, b"ok\xFF")), ProtocolError::InvalidUtf8(InvalidUtf8 { at: 2 }));
}

#[test]
fn text_that_is_not_utf8_is_a_breach_and_binary_is_not() {
    let bad = b"good \xED\xA0\x80";

    assert_eq!(breach(&frame(FIN | TEXT, bad)), ProtocolError::InvalidUtf8(InvalidUtf8 { at: 5 }));
    assert_eq!(received(&frame(FIN | BINARY, bad)), (vec![binary(bad)], None));
}

#[test]
fn text_that_ends_inside_a_character_is_a_breach() {
    let stream = [frame(TEXT, b"caf\xC3"), frame(FIN | CONTINUATION, "")].concat();

    assert_eq!(breach(&stream), ProtocolError::InvalidUtf8(InvalidUtf8 { at: 3 }));
}

#[test]
fn bad_text_is_told_at_its_first_impossible_byte_inside_an_unfinished_frame() {
    let stream =
        [frame(TEXT, b"\xCE\xBA\xF4"), frame(FIN | CONTINUATION, b"\x90\x80\x80 and much more")].concat();
    let impossible = stream.len() - b"\x80\x80 and much more".len() - 1;

    let (before, from) = stream.split_at(impossible);

    assert_eq!(received(before), (vec![], None));
    let outcome = decode(server(), [before, &from[..1]]);
    assert_eq!(outcome, (vec![], Some(ProtocolError::InvalidUtf8(InvalidUtf8 { at: 2 }))));
}

#[test]
fn bad_text_is_told_at_the_end_of_a_fragment_before_the_next_begins() {
    let outcome = received(&frame(TEXT, b"\xFF"));

    assert_eq!(outcome, (vec![], Some(ProtocolError::InvalidUtf8(InvalidUtf8 { at: 0 }))));
}

#[test]
fn a_message_too_big_is_told_at_its_header_and_nothing_is_kept() {
    let too_big = ProtocolError::MessageTooBig { limit: LIMITS.message };
    for length in [(1 << 20) + 1, 1 << 32, (1 << 63) - 1] {
        let mut decoder = server();
        let mut input = Bytes::from([header(FIN | BINARY, true, length), KEY.to_vec()].concat());

        assert_eq!(decoder.next(&mut input), Err(too_big), "{length} bytes");
        assert!(matches!(decoder.stage, Stage::Over));
    }
}

#[test]
fn the_limit_is_the_sum_of_all_fragments() {
    let half = vec![0; 1 << 19];
    let whole = [frame(BINARY, &half), frame(CONTINUATION, &half)].concat();

    let empty = [&whole[..], &frame(CONTINUATION, "")].concat();
    let one_more = [&whole[..], &header(FIN | CONTINUATION, true, 1), &KEY].concat();

    assert_eq!(received(&empty), (vec![], None));
    assert_eq!(breach(&one_more), ProtocolError::MessageTooBig { limit: LIMITS.message });
}

#[test]
fn a_million_fragments_of_one_byte_end_at_the_limit() {
    let stream = [frame(BINARY, "x"), frame(CONTINUATION, "x").repeat(1_000_000)].concat();

    assert_eq!(breach(&stream), ProtocolError::TooManyFragments { limit: LIMITS.fragments });
}

#[test]
fn empty_fragments_count() {
    let allowed = [frame(TEXT, ""), frame(CONTINUATION, "").repeat(LIMITS.fragments - 1)].concat();
    let one_more = [&allowed[..], &frame(FIN | CONTINUATION, "")].concat();

    assert_eq!(received(&allowed), (vec![], None));
    assert_eq!(breach(&one_more), ProtocolError::TooManyFragments { limit: LIMITS.fragments });
}

#[test]
fn each_message_counts_its_own_fragments() {
    let most = [frame(TEXT, ""), frame(CONTINUATION, "").repeat(998), frame(FIN | CONTINUATION, "")].concat();

    assert_eq!(received(&most.repeat(3)), (vec![text(""), text(""), text("")], None));
}

#[test]
fn a_breach_is_the_same_wherever_the_stream_is_cut() {
    let start = [frame(FIN | TEXT, "fine"), frame(TEXT, b"also \xF0")].concat();
    let ends = [
        frame(FIN | 0x40 | CONTINUATION, "x"),
        frame(FIN | 0x7, "x"),
        unmasked(FIN | CONTINUATION, "x"),
        frame(PING & !FIN, "x"),
        frame(PING, [0; 126]),
        header(FIN | CONTINUATION, true, 1 << 63),
        [&[CONTINUATION, 0x80 | 126, 0, 5][..], &KEY].concat(),
        frame(FIN | TEXT, "x"),
        frame(CLOSE, "x"),
        close(1005, ""),
        close(1000, b"\xFF"),
        frame(FIN | CONTINUATION, b"\x8F"),
        frame(FIN | CONTINUATION, ""),
        [header(FIN | CONTINUATION, true, 1 << 32), KEY.to_vec()].concat(),
        frame(CONTINUATION, "").repeat(1_000),
    ];
    for end in ends {
        let stream = [&start[..], &end].concat();
        let expected = received(&stream);

        assert_eq!(expected.0, [text("fine")]);
        assert!(expected.1.is_some());
        assert_eq!(decode(server(), stream.chunks(1)), expected);
        for cut in 0..stream.len().min(200) {
            let (before, after) = stream.split_at(cut);
            assert_eq!(decode(server(), [before, after]), expected, "cut at {cut}");
        }
    }
}

#[test]
fn a_peer_is_told_1002_1007_or_1009() {
    let table = [
        (ProtocolError::ReservedBits, 1002),
        (ProtocolError::Unmasked, 1002),
        (ProtocolError::BadCloseCode(1005), 1002),
        (ProtocolError::InvalidUtf8(InvalidUtf8 { at: 0 }), 1007),
        (ProtocolError::MessageTooBig { limit: 1 }, 1009),
        (ProtocolError::TooManyFragments { limit: 1 }, 1009),
    ];
    for (error, code) in table {
        assert_eq!(error.close_code().as_u16(), code, "{error}");
    }
}

#[test]
fn after_a_breach_all_input_is_dropped() {
    let mut decoder = server();
    let mut input = Bytes::from([unmasked(FIN | TEXT, "x"), frame(FIN | TEXT, "x")].concat());

    assert_eq!(decoder.next(&mut input), Err(ProtocolError::Unmasked));
    assert_eq!(decoder.next(&mut input), Ok(None));
    assert!(input.is_empty());
}

#[test]
fn after_a_close_all_input_is_dropped() {
    let mut decoder = server();
    let mut input = Bytes::from([close(1000, "bye"), unmasked(FIN | TEXT, "x")].concat());

    assert_eq!(decoder.next(&mut input), Ok(Some(closed(1000, "bye"))));
    assert_eq!(decoder.next(&mut input), Ok(None));
    assert!(input.is_empty());
}

#[test]
fn a_message_does_not_keep_the_read_buffer_alive() {
    let read = Bytes::from([frame(FIN | TEXT, "small"), frame(PING, "smaller"), vec![0; 64 << 10]].concat());
    let mut input = read.clone();
    let mut decoder = server();

    let kept = [decoder.next(&mut input), decoder.next(&mut input)];
    drop(input);

    assert_eq!(kept, [Ok(Some(text("small"))), Ok(Some(Message::Ping(Bytes::from_static(b"smaller"))))]);
    assert!(read.is_unique());
}

#[test]
fn a_length_alone_reserves_nothing_and_a_first_byte_not_much() {
    let head = [header(FIN | BINARY, true, 1 << 20), KEY.to_vec()].concat();
    let mut decoder = server();

    assert_eq!(decoder.next(&mut Bytes::from(head)), Ok(None));
    assert_eq!(decoder.held(), 0);
    assert_eq!(decoder.next(&mut Bytes::from_static(b"x")), Ok(None));
    assert_eq!(decoder.held(), AHEAD);
}

#[test]
fn a_large_message_never_takes_much_more_than_has_arrived() {
    let stream = frame(FIN | BINARY, vec![0; 1 << 20]);
    let mut decoder = server();
    let mut arrived = 0;

    for read in stream.chunks(1_500) {
        arrived += read.len();
        if let Some(Message::Frame(Frame::Binary(whole))) =
            decoder.next(&mut Bytes::copy_from_slice(read)).unwrap()
        {
            assert_eq!(whole.len(), 1 << 20);
            assert_eq!(Vec::from(whole).capacity(), 1 << 20);
        } else {
            assert!(decoder.held() <= AHEAD.max(2 * arrived), "{arrived} bytes");
        }
    }
    assert_eq!(arrived, stream.len());
}

#[test]
fn between_two_messages_nothing_is_held() {
    let mut decoder = server();
    let mut input =
        Bytes::from([frame(TEXT, [b'x'; 5_000]), frame(FIN | CONTINUATION, [b'y'; 5_000])].concat());

    assert!(decoder.next(&mut input).unwrap().is_some());
    assert!(matches!(decoder.stage, Stage::Header { unfinished: None, .. }));
}

#[test]
fn an_idle_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 144, "{} bytes", size_of::<Decoder>());
}

/// The same numbers on every run (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// Some messages, in fragments, with pings between them, and what they should come out as.
    fn stream(&mut self) -> (Vec<u8>, Vec<Message>) {
        let mut stream = Vec::new();
        let mut messages = Vec::new();
        for _ in 0..1 + self.below(8) {
            let length = self.below(10) * self.below(1_000);
            let (opcode, payload, message) = if self.below(2) == 0 {
                let said: String = (0..length).map(|_| self.character()).collect();
                (TEXT, said.clone().into_bytes(), text(&said))
            } else {
                let data: Vec<u8> = (0..length).map(|_| self.below(256) as u8).collect();
                (BINARY, data.clone(), binary(&data))
            };

            let mut rest = &payload[..];
            let mut first = opcode;
            while self.below(3) > 0 {
                let (part, after) = rest.split_at(self.below(rest.len() + 1));
                stream.extend(frame(first, part));
                if self.below(3) == 0 {
                    stream.extend(frame(PING, part.get(..125).unwrap_or(part)));
                    messages.push(Message::Ping(Bytes::copy_from_slice(part.get(..125).unwrap_or(part))));
                }
                (rest, first) = (after, CONTINUATION);
            }
            stream.extend(frame(FIN | first, rest));
            messages.push(message);
        }
        (stream, messages)
    }

    /// A character of one to four bytes.
    fn character(&mut self) -> char {
        ['a', '~', 'ß', 'κ', '你', '€', '👋', '\u{10FFFF}'][self.below(8)]
    }
}
