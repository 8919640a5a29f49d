//! Frames that make no sense: each has its answer, and none harms the connection that did not send it.

use anyhow::{Context, Result, bail, ensure};
use jmessage_proto::{Code, MAX_FRAME, MAX_POSITIONS, Position, Request, Response, close};
use jmessage_testkit::{Client, Next, PASSWORD, TestServer, describe, login, send};

const ARGUMENTS: u64 = 872_002;

#[tokio::test]
async fn malformed_json_is_answered_and_the_connection_stays() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    for garbage in ["", "{", "null", "[1,2]", "\"ping\"", "{\"type\":\"ping\"} {}", "{\"type\":", "\u{0}"] {
        page.raw_text(garbage).await?;
        assert_eq!(page.complaint().await?, ARGUMENTS, "{garbage:?}");
    }
    page.config(server.app()).await?;
    page.login("alice001", PASSWORD).await?;
    Ok(())
}

#[tokio::test]
async fn an_unknown_frame_type_is_answered_and_the_connection_stays() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    for unknown in [r#"{"type":"dance"}"#, r"{}", r#"{"type":null}"#, r#"{"type":"PING"}"#] {
        page.raw_text(unknown).await?;
        assert_eq!(page.complaint().await?, ARGUMENTS, "{unknown}");
    }
    page.config(server.app()).await
}

#[tokio::test]
async fn fields_of_the_wrong_type_are_answered_with_the_id_of_the_request() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.enter("alice001").await?;
    let wrong = [
        r#"{"type":"send","id":7,"key":"k","target_type":"single","target_id":5,"msg_type":"text","msg_body":{}}"#,
        r#"{"type":"send","id":7,"key":"k","target_type":"single","target_id":"bobby001","msg_type":"text"}"#,
        r#"{"type":"login","id":7,"username":["alice001"],"password":"pass1234"}"#,
        r#"{"type":"config","id":7,"appKey":null}"#,
    ];
    for frame in wrong {
        page.raw_text(frame).await?;
        let answer = page.answer(Some(7)).await?;
        assert!(matches!(answer, Response::Error { code: ARGUMENTS, .. }), "{frame}: {}", describe(&answer));
    }
    Ok(())
}

#[tokio::test]
async fn too_many_frames_that_make_no_sense_end_the_connection() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    let mut complaints = 0;
    let code = loop {
        // Once the server has said goodbye, a write may fail; the goodbye can still be read.
        let _ = page.raw_text("nonsense").await;
        match page.next().await? {
            Next::Frame(Response::Error { code: ARGUMENTS, .. }) => complaints += 1,
            Next::Frame(other) => bail!("did not expect {}", describe(&other)),
            Next::Closed(code) => break code,
        }
        assert!(complaints < 1000, "nonsense is answered for ever");
    };
    assert_eq!(code, close::BAD_FRAMES);
    Ok(())
}

#[tokio::test]
async fn an_oversized_frame_is_answered_and_ends_the_connection() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.enter("alice001").await?;
    page.raw_text("x".repeat(MAX_FRAME + 1)).await?;
    assert_eq!(page.complaint().await?, ARGUMENTS);
    assert_eq!(page.closed().await?, close::TOO_LARGE);
    Ok(())
}

#[tokio::test]
async fn fragments_count_together() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.enter("alice001").await?;
    page.raw_fragment("x".repeat(MAX_FRAME), true).await?;
    page.ping_socket().await?;
    page.raw_fragment("x", false).await?;
    assert_eq!(page.complaint().await?, ARGUMENTS);
    assert_eq!(page.closed().await?, close::TOO_LARGE);
    Ok(())
}

#[tokio::test]
async fn a_frame_of_the_largest_size_is_read() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    let frame = |filler: usize| format!(r#"{{"type":"ping","filler":"{}"}}"#, "x".repeat(filler));
    page.raw_text(frame(MAX_FRAME - frame(0).len())).await?;
    page.settle().await
}

#[tokio::test]
async fn a_binary_frame_is_answered_and_ends_the_connection() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.enter("alice001").await?;
    page.raw_binary(r#"{"type":"ping"}"#).await?;
    assert_eq!(page.complaint().await?, ARGUMENTS);
    assert_eq!(page.closed().await?, close::UNSUPPORTED);
    Ok(())
}

#[tokio::test]
async fn more_positions_than_a_frame_may_carry_are_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.enter("alice001").await?;
    let positions = vec!["[1,1]"; MAX_POSITIONS + 1].join(",");
    page.raw_text(format!(r#"{{"type":"ack","cursors":[{positions}]}}"#)).await?;
    assert_eq!(page.complaint().await?, ARGUMENTS);
    Ok(())
}

#[tokio::test]
async fn both_kinds_of_ping_are_answered() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    page.ping_socket().await?;
    page.settle().await
}

/// A recorded conversation, cut and damaged in every place, sent again: an answer of the published codes or a close,
/// and whoever comes next is served as if nothing had been.
#[tokio::test]
async fn a_damaged_recording_does_no_harm() -> Result<()> {
    let server = TestServer::start().await?;
    let recording = [
        server.app().config(1)?.encode(),
        login(2, "alice001", PASSWORD).encode(),
        send(3, "k", "bobby001", "hello").encode(),
        Request::Ack { cursors: vec![Position { conversation: 1, seq: 1 }] }.encode(),
    ];
    for frame in &recording {
        for damaged in damages(frame) {
            let mut page = server.connect().await?;
            page.raw_text(damaged.clone()).await?;
            page.raw_text(r#"{"type":"ping"}"#).await?;
            survives(&mut page).await.context(damaged)?;
        }
    }
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    alice.say("bobby001", "still here").await?;
    assert_eq!(bobby.hear().await?.text, "still here", "no damaged frame sent anything");
    Ok(())
}

/// What comes before the pong is an error with a published code, or the good answer to a frame that was not damaged
/// where it matters.
async fn survives(page: &mut Client) -> Result<()> {
    loop {
        match page.next().await? {
            Next::Frame(Response::Pong) => return Ok(()),
            Next::Frame(Response::Configured { .. }) => {}
            Next::Frame(Response::Error { code, .. }) => {
                let known = u32::try_from(code).ok().and_then(Code::from_number);
                ensure!(known.is_some(), "{code} is no code of ours");
            }
            Next::Frame(other) => bail!("did not expect {}", describe(&other)),
            Next::Closed(code) => bail!("closed with {code}"),
        }
    }
}

/// The frame cut short, with a character replaced, and with a part repeated, at every seventh place.
fn damages(frame: &str) -> Vec<String> {
    let places = (0..frame.len()).step_by(7).filter(|at| frame.is_char_boundary(*at));
    places
        .flat_map(|at| {
            let (head, tail) = frame.split_at(at);
            let mut rest = tail.chars();
            rest.next();
            [head.to_owned(), format!("{head}\u{fffd}{}", rest.as_str()), format!("{head}{head}{tail}")]
        })
        .collect()
}
