use super::{text::push_quoted, *};
use crate::{Event, MediaFile, Message, MessageBody, Sink, TargetType};
use proptest::prelude::*;

fn requests() -> Vec<Request<String>> {
    vec![
        Request::Config {
            id: 1,
            app_key: "4f7aef34fb361292c566a1cd".into(),
            timestamp: "111".into(),
            random_str: "222".into(),
            signature: "CDE6052A6A317D15694C189D5ACF2A79".into(),
        },
        Request::Login { id: 2, username: "javen".into(), password: "p\"w\\d".into() },
        Request::Resume {
            id: 3,
            app_key: "a".into(),
            token: "t".into(),
            cursors: vec![Position { conversation: 7, seq: 1 }, Position { conversation: 8, seq: 0 }],
        },
        Request::Logout { id: 4 },
        Request::Send {
            id: 5,
            key: "k.1".into(),
            target_type: "single".into(),
            target_id: "fang".into(),
            msg_type: "text".into(),
            msg_body: r#"{"text":"Hello, JPush IM!"}"#.into(),
        },
        Request::Call { id: 6, method: "getGroupInfo".into(), params: r#"{"groupId":12345}"#.into() },
        Request::Ack { cursors: vec![] },
        Request::Sync { conversation: 7, after: 4 },
        Request::Ping,
    ]
}

fn responses() -> Vec<Response<String>> {
    vec![
        Response::Configured { id: 1 },
        Response::Session {
            id: 2,
            token: "t".into(),
            username: "fang".into(),
            nickname: "Fang Javen".into(),
        },
        Response::Sent { id: 5, msg_id: 9, conversation: 7, seq: 5, create_time: 135_432_432 },
        Response::Done { id: 4 },
        Response::Error { id: Some(6), code: 872_002, message: "m".into(), retry_after: None },
        Response::Error { id: None, code: 872_000, message: "busy".into(), retry_after: Some(500) },
        Response::Push { conversation: 7, seq: 5, message: r#"{"version":1}"#.into() },
        Response::Data { id: 7, data: Some("[]".into()) },
        Response::Data { id: 8, data: None },
        Response::Event { conversation: 7, seq: 6, event: r#"{"event_type":"create_group"}"#.into() },
        Response::From { conversation: 7, seq: 14 },
        Response::Resync {
            conversation: 7,
            seq: 14,
            lost: r#"{"target_type":"group","target_id":"7","from":3,"to":14}"#.into(),
        },
        Response::Backlog { count: 1000 },
        Response::Media { url: "/jmessage/v1/media/r/".into(), upload: "/jmessage/v1/upload/w".into() },
        Response::Kicked { code: 872_008, message: "user login in other place".into() },
        Response::Pong,
    ]
}

#[test]
fn requests_on_the_wire() {
    let lines: Vec<_> = requests().into_iter().map(Request::encode).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"type":"config","id":1,"appKey":"4f7aef34fb361292c566a1cd","timestamp":"111","randomStr":"222","signature":"CDE6052A6A317D15694C189D5ACF2A79"}
    {"type":"login","id":2,"username":"javen","password":"p\"w\\d"}
    {"type":"resume","id":3,"appKey":"a","token":"t","cursors":[[7,1],[8,0]]}
    {"type":"logout","id":4}
    {"type":"send","id":5,"key":"k.1","target_type":"single","target_id":"fang","msg_type":"text","msg_body":{"text":"Hello, JPush IM!"}}
    {"type":"call","id":6,"method":"getGroupInfo","params":{"groupId":12345}}
    {"type":"ack","cursors":[]}
    {"type":"sync","conversation":7,"after":4}
    {"type":"ping"}
    "#);
}

#[test]
fn responses_on_the_wire() {
    let lines: Vec<_> = responses().into_iter().map(Response::encode).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"type":"configured","id":1}
    {"type":"session","id":2,"token":"t","username":"fang","nickname":"Fang Javen"}
    {"type":"sent","id":5,"msg_id":9,"conversation":7,"seq":5,"create_time":135432432}
    {"type":"done","id":4}
    {"type":"error","id":6,"code":872002,"message":"m"}
    {"type":"error","code":872000,"message":"busy","retry_after":500}
    {"type":"push","conversation":7,"seq":5,"message":{"version":1}}
    {"type":"data","id":7,"data":[]}
    {"type":"data","id":8}
    {"type":"event","conversation":7,"seq":6,"event":{"event_type":"create_group"}}
    {"type":"from","conversation":7,"seq":14}
    {"type":"resync","conversation":7,"seq":14,"lost":{"target_type":"group","target_id":"7","from":3,"to":14}}
    {"type":"backlog","count":1000}
    {"type":"media","url":"/jmessage/v1/media/r/","upload":"/jmessage/v1/upload/w"}
    {"type":"kicked","code":872008,"message":"user login in other place"}
    {"type":"pong"}
    "#);
}

#[test]
fn every_frame_reads_back_as_it_was_written() {
    for request in requests() {
        let text = request.clone().encode();
        let again = Request::decode(&text).map(|read| own_request(&read));
        assert_eq!(again, Ok(request));
    }
    for response in responses() {
        let text = response.clone().encode();
        let again = Response::decode(&text).map(|read| read.map_message(|raw| raw.get().to_owned()));
        assert_eq!(again, Ok(response));
    }
}

/// Writing a decoded request again yields the same text, whatever its nested value is.
fn own_request(read: &Request<&RawValue>) -> Request<String> {
    read.clone().map_body(|raw| raw.get().to_owned())
}

#[test]
fn a_message_has_the_fields_of_the_seed() {
    let message = Message {
        target_type: TargetType::Single,
        target_id: "javen",
        target_name: "Javen Fang",
        from_id: "fang",
        from_name: "Fang Javen",
        from_platform: "web",
        create_time: 135_432_432,
        msg_id: 1,
        body: MessageBody::Text("Hello, JPush IM!"),
    };
    insta::assert_snapshot!(message.encode(), @r#"{"version":1,"target_type":"single","target_id":"javen","target_name":"Javen Fang","from_type":"user","from_id":"fang","from_name":"Fang Javen","from_platform":"web","create_time":135432432,"msg_id":1,"msg_type":"text","msg_body":{"text":"Hello, JPush IM!"}}"#);
}

#[test]
fn pictures_and_sounds_have_the_fields_of_the_seed() {
    let file = |media_id, format| MediaFile { media_id, crc32: 4_294_967_295, format, fsize: 23_563 };
    let body = |body: MessageBody<'_>| {
        let mut text = Text::new();
        body.write(&mut text);
        format!("{} {}", body.kind(), text.finish())
    };
    let image = file("qiniu/image/3712b5ad4c8c2e96c8d81f3b4f0d7a61", "jpg");
    insta::assert_snapshot!(body(MessageBody::Image { file: image, width: 300, height: 200 }), @r#"image {"media_id":"qiniu/image/3712b5ad4c8c2e96c8d81f3b4f0d7a61","media_crc32":4294967295,"width":300,"height":200,"format":"jpg","fsize":23563}"#);
    let voice = file("qiniu/voice/3712b5ad4c8c2e96c8d81f3b4f0d7a61", "mp3");
    insta::assert_snapshot!(body(MessageBody::Voice { file: voice, duration: 23 }), @r#"voice {"media_id":"qiniu/voice/3712b5ad4c8c2e96c8d81f3b4f0d7a61","media_crc32":4294967295,"duration":23,"format":"mp3","fsize":23563}"#);
}

#[test]
fn an_event_has_the_fields_of_the_seed() {
    let event = Event {
        event_type: crate::EventType::CreateGroup,
        from_username: "javen",
        gid: 13579,
        description: "",
        ctime: "2014-07-01 00:00:00",
    };
    insta::assert_snapshot!(event.encode(["eddie", "annie"]), @r#"{"event_type":"create_group","eventType":8,"from_username":"javen","gid":13579,"description":"","ctime":"2014-07-01 00:00:00","to_username_list":["eddie","annie"]}"#);
}

#[test]
fn what_is_not_a_frame_says_why() {
    let cases = [
        ("", FrameError::NotAnObject),
        ("[]", FrameError::NotAnObject),
        ("{} {}", FrameError::NotAnObject),
        ("{\"type\":\"ping\"", FrameError::NotAnObject),
        ("{}", FrameError::UnknownType),
        (r#"{"type":"dance"}"#, FrameError::UnknownType),
        (r#"{"type":7}"#, FrameError::Invalid("type")),
        (r#"{"type":"login","id":1,"username":"u"}"#, FrameError::Missing("password")),
        (r#"{"type":"login","id":1,"username":"u","password":null}"#, FrameError::Missing("password")),
        (r#"{"type":"logout","id":-1}"#, FrameError::Invalid("id")),
        (r#"{"type":"logout","id":9007199254740992}"#, FrameError::Invalid("id")),
        (r#"{"type":"ack","cursors":[[1]]}"#, FrameError::Invalid("cursors")),
    ];
    for (text, error) in cases {
        assert_eq!(Request::decode(text).err(), Some(error), "{text}");
    }
    let many: Vec<_> = (0..=MAX_FIELDS).map(|i| format!("\"f{i}\":1")).collect();
    assert_eq!(Request::decode(&format!("{{{}}}", many.join(","))).err(), Some(FrameError::NotAnObject));
}

#[test]
fn strings_are_quoted_as_serde_json_quotes_them() {
    let all: String = (0..0x2FFF).filter_map(char::from_u32).collect();
    let mut ours = String::new();
    push_quoted(&mut ours, &all);
    assert_eq!(serde_json::from_str::<String>(&ours).unwrap(), all);
}

#[test]
fn the_first_special_byte_of_a_string_is_found_wherever_it_is() {
    for length in 0..80 {
        assert_eq!(text::plain(&vec![b'x'; length]), length);
        for (at, special) in (0..length).flat_map(|at| [b'"', b'\\', 0, 0x1f].map(|special| (at, special))) {
            for other in [b'x', b' ', b'!', 0x7f, 0x80, 0xa2, 0xff, special] {
                let mut bytes = vec![other; length];
                bytes[at] = special;
                let first = if other == special { 0 } else { at };
                assert_eq!(text::plain(&bytes), first, "{special} among {other} at {at} of {length}");
            }
        }
    }
}

#[test]
fn a_push_is_written_in_one_go_as_it_is_written_in_parts() {
    let message = Message {
        target_type: TargetType::Group,
        target_id: "7",
        target_name: "\"a\"\n",
        from_id: "fang",
        from_name: "Fang\\Javen",
        from_platform: "web",
        create_time: 1,
        msg_id: 2,
        body: MessageBody::Text("\u{1}\"你好\""),
    };
    let at_once = Response::Push { conversation: 7, seq: 5, message }.encode();
    assert_eq!(at_once, Response::Push { conversation: 7, seq: 5, message: message.encode() }.encode());
    let parsed: serde_json::Value = serde_json::from_str(&at_once).unwrap();
    assert_eq!(parsed["message"]["msg_body"]["text"], "\u{1}\"你好\"");
}

fn sent(key: &str, target_id: &str, text: &str) -> Request<String> {
    let mut body = Text::new();
    body.text("text", text);
    Request::Send {
        id: 5,
        key: key.into(),
        target_type: "single".into(),
        target_id: target_id.into(),
        msg_type: "text".into(),
        msg_body: body.finish(),
    }
}

/// What is known must be what is decoded.
fn known_as_decoded(frame: &str) -> bool {
    let Some(known) = Known::read(frame) else { return false };
    match (known, Request::decode(frame)) {
        (
            Known::Text { id, key, target_type, target_id, text },
            Ok(Request::Send {
                id: id2,
                key: key2,
                target_type: type2,
                target_id: target2,
                msg_type,
                msg_body,
            }),
        ) => {
            assert_eq!((id, key, target_type), (id2, key2.as_str(), type2.as_str()), "{frame}");
            assert_eq!((target_id, "text"), (target2.as_str(), msg_type.as_str()), "{frame}");
            let body: serde_json::Value = serde_json::from_str(msg_body.get()).unwrap();
            assert_eq!(body, serde_json::json!({ "text": text }), "{frame}");
        }
        (Known::Ack { cursors }, Ok(Request::Ack { cursors: decoded })) => assert_eq!(cursors, decoded),
        (known, decoded) => panic!("{frame} is {known:?} and {decoded:?}"),
    }
    true
}

#[test]
fn texts_and_acknowledgements_are_known_as_the_sdk_writes_them() {
    let cursor = |conversation, seq| Position { conversation, seq };
    let known = [
        sent("k-1", "javen", "Hello, JPush IM!"),
        sent("k-1", "javen", "\"Hello\\\n\u{1} 你好 👋"),
        sent("k-1", "javen", ""),
        Request::Ack { cursors: vec![cursor(7, 3)] },
        Request::Ack { cursors: vec![cursor(7, 0), cursor(MAX_NUMBER, MAX_NUMBER)] },
        Request::Ack { cursors: vec![cursor(1, 2); crate::MAX_POSITIONS] },
    ];
    for request in known {
        let frame = request.encode();
        assert!(known_as_decoded(&frame), "{frame}");
    }
}

#[test]
fn what_is_not_of_a_known_shape_is_left_to_be_decoded() {
    let unknown = [
        r#"{"type":"ack","cursors":[]}"#,
        r#"{"type":"ack","cursors":[[1,2],]}"#,
        r#"{"type":"ack","cursors":[[01,2]]}"#,
        r#"{"type":"ack","cursors":[[1,9007199254740992]]}"#,
        r#"{"type":"ack","cursors":[[1,99999999999999999999999]]}"#,
        r#"{"type":"ack","cursors":[[1,2]],"cursors":[[1,3]]}"#,
        r#"{"type":"send","id":5,"key":"k","target_type":"single","target_id":"j","msg_type":"image","msg_body":{"text":"t"}}"#,
        r#"{"type":"send","id":5,"key":"k","target_type":"single","target_id":"j","msg_type":"text","msg_body":{"text":"t","text":"u"}}"#,
        r#"{"type":"send","id":5,"key":"k","target_type":"single","target_id":"j","msg_type":"text","msg_body":{"text":"t"},"key":"l"}"#,
        r#"{"type":"send","id":5,"key":"k","target_type":"single","target_id":"j","msg_type":"text","msg_body":{"text":"\ud800"}}"#,
        r#"{"type":"send","id":5,"key":"k","target_type":"single","target_id":"j","msg_type":"text","msg_body":{"text":7}}"#,
        r#"{"type":"send","id":5,"key":"\u006b","target_type":"single","target_id":"j","msg_type":"text","msg_body":{"text":"t"}}"#,
        r#"{"type":"send","id":05,"key":"k","target_type":"single","target_id":"j","msg_type":"text","msg_body":{"text":"t"}}"#,
    ];
    for frame in unknown {
        assert_eq!(Known::read(frame), None, "{frame}");
    }
    let many = Request::Ack { cursors: vec![Position { conversation: 1, seq: 2 }; 1001] }.encode();
    assert_eq!(Known::read(&many), None);
}

/// Pieces that frames of this wire are made of, and some that break them.
const PIECES: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\\"",
    "\\u0041",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\n",
    "\u{0}",
    " ",
    "0",
    "7",
    "-",
    ".5",
    "e3",
    "null",
    "9007199254740992",
    "你",
    "\"text\":",
    "\"key\":\"k\",",
    "\"type\":\"ping\",",
    "text",
    "x",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Frames with pieces put in and bytes taken out are known as they are decoded, or not known.
    #[test]
    fn a_known_frame_is_what_it_is_decoded_to(
        key in "[ -~]{1,12}",
        to in "\\PC{0,12}",
        text in any::<String>(),
        positions in proptest::collection::vec((0..=MAX_NUMBER, 0..=MAX_NUMBER), 1..4),
        acknowledges in any::<bool>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_usize, 0..PIECES.len()), 0..4),
    ) {
        let cursors = positions.into_iter().map(|(conversation, seq)| Position { conversation, seq }).collect();
        let mut frame =
            if acknowledges { Request::Ack { cursors }.encode() } else { sent(&key, &to, &text).encode() };
        for (at, out, piece) in edits {
            let start = frame.floor_char_boundary(at.index(frame.len() + 1));
            let end = frame.ceil_char_boundary((start + out).min(frame.len()));
            frame.replace_range(start..end, PIECES[piece]);
        }
        known_as_decoded(&frame);
    }
}
