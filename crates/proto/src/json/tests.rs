use super::*;
use crate::{MediaFile, MessageBody, TargetType};

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
