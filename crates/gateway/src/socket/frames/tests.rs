use super::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, first & 0x0f, payload);
    out[0] = first;
    out[1] |= MASKED;
    let at = out.len() - payload.len();
    out.truncate(at);
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

/// Everything in `input`, which is given in pieces of `piece` bytes.
fn decode(input: &[u8], piece: usize, max: usize) -> (Vec<Decoded>, Option<Violation>) {
    let (mut reading, mut held, mut all) = (Decoder::new(max), Vec::new(), Vec::new());
    for piece in input.chunks(piece) {
        held.extend_from_slice(piece);
        loop {
            match reading.decode(&held) {
                Ok(Some((size, decoded))) => {
                    held.drain(..size);
                    all.extend((decoded != Decoded::Nothing).then_some(decoded));
                }
                Ok(None) => break,
                Err(violation) => return (all, Some(violation)),
            }
        }
    }
    (all, None)
}

fn violation(input: &[u8]) -> Option<u16> {
    let (frames, violation) = decode(input, usize::MAX, 1 << 20);
    assert_eq!(frames, []);
    violation.map(|violation| violation.0)
}

#[test]
fn frames_are_the_same_however_they_are_cut() {
    let long = "x".repeat(70_000);
    let input = [
        frame(FIN | TEXT, b"Hello"),
        frame(FIN | BINARY, &[0xff; 300]),
        frame(TEXT, "zwei W\u{f6}".as_bytes().split_last().unwrap().1),
        frame(FIN | PING, b"?"),
        frame(FIN | CONTINUATION, "\u{f6}rter".as_bytes().split_first().unwrap().1),
        frame(FIN | PONG, b""),
        frame(FIN | TEXT, long.as_bytes()),
        frame(FIN | CLOSE, &[3, 232, b'b', b'y', b'e']),
    ]
    .concat();
    let expected = || {
        vec![
            Decoded::Text("Hello".into()),
            Decoded::Binary(vec![0xff; 300]),
            Decoded::Ping(b"?".to_vec()),
            Decoded::Text("zwei W\u{f6}rter".into()),
            Decoded::Pong,
            Decoded::Text(long.clone()),
            Decoded::Close(Some(1000)),
        ]
    };
    for piece in [1, 2, 3, 7, 4096, usize::MAX] {
        assert_eq!(decode(&input, piece, 1 << 20), (expected(), None), "in pieces of {piece}");
    }
}

#[test]
fn what_is_too_large_is_told_once_and_passed_over() {
    let input = [
        frame(FIN | TEXT, b"12345678"),
        frame(TEXT, b"12345"),
        frame(FIN | CONTINUATION, b"6789"),
        frame(FIN | TEXT, b"123"),
        frame(FIN | CLOSE, &[]),
    ]
    .concat();
    for piece in [1, 4096] {
        let (frames, violation) = decode(&input, piece, 8);
        assert_eq!(frames, [Decoded::Text("12345678".into()), Decoded::TooLarge, Decoded::Close(None)]);
        assert_eq!(violation, None);
    }
    let huge = [&[FIN | BINARY, MASKED | 0x7f, 0x7f][..], &[0xff; 7], &MASK].concat();
    assert_eq!(decode(&huge, 3, 8).0, [Decoded::TooLarge], "the head is enough");
}

#[test]
fn whoever_breaks_the_rules_is_told_which() {
    let unmasked = vec![FIN | TEXT, 1, b'x'];
    let padded = [&[FIN | TEXT, MASKED | 0x7e, 0, 5][..], &MASK, b"hello"].concat();
    let padded_more = [&[FIN | TEXT, MASKED | 0x7f, 0, 0, 0, 0, 0, 0, 1, 0][..], &MASK].concat();
    for (what, input) in [
        ("not masked", unmasked),
        ("a longer length than needed", padded),
        ("a much longer length than needed", padded_more),
        ("an extension", frame(FIN | 0x40 | TEXT, b"x")),
        ("an unknown frame", frame(FIN | 0x03, b"x")),
        ("an unknown control frame", frame(FIN | 0x0b, b"x")),
        ("a ping in fragments", frame(PING, b"x")),
        ("a long ping", frame(FIN | PING, &[0; 126])),
        ("an end without a beginning", frame(FIN | CONTINUATION, b"x")),
        ("a new message inside another", [frame(TEXT, b"x"), frame(FIN | TEXT, b"x")].concat()),
        ("half a close code", frame(FIN | CLOSE, &[3])),
        ("a close code nobody may send", frame(FIN | CLOSE, &1006_u16.to_be_bytes())),
        ("a close code out of range", frame(FIN | CLOSE, &5000_u16.to_be_bytes())),
    ] {
        assert_eq!(violation(&input), Some(1002), "{what}");
    }
    for (what, input) in [
        ("bytes", frame(FIN | TEXT, &[0xff])),
        ("a character that is cut off", frame(FIN | TEXT, &[b'x', 0xc3])),
        ("bytes in a fragment that is not the last", frame(TEXT, &[0xff])),
        ("a reason of bytes", frame(FIN | CLOSE, &[3, 232, 0xff])),
    ] {
        assert_eq!(violation(&input), Some(1007), "{what}");
    }
}

#[test]
fn a_goodbye_is_cut_between_characters() {
    let mut out = Vec::new();
    put_close(&mut out, Some(4002), &"\u{f6}".repeat(100));
    assert_eq!(out[..4], [FIN | CLOSE, 0x7c, 0x0f, 0xa2]);
    assert_eq!(std::str::from_utf8(&out[4..]).unwrap(), "\u{f6}".repeat(61));
}
