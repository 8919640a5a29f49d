//! Pictures and sounds: uploaded and read over plain HTTP, sent and received as messages.

use anyhow::{Context, Result};
use jmessage_model::Millis;
use jmessage_testkit::{
    Answer, Client, TestServer, media_id, metric, post, post_chunked, request, samples, send_file,
};
use serde_json::{Value, json};
use std::time::Duration;

/// An answer is what the file is, and a browser is told to make nothing else of it.
fn assert_served(answer: &Answer, kind: &str, bytes: &[u8]) {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)));
    assert_eq!(answer.body, bytes);
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "Retry-After, Content-Range, ETag"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "private, max-age=31536000, immutable"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}

async fn count(server: &TestServer, name: &str) -> Result<usize> {
    Ok(format!("{:.0}", metric(server.url(), name).await?).parse()?)
}

async fn group_of(owner: &mut Client, members: &[&str]) -> Result<u64> {
    let group = owner.call("createGroup", json!({ "groupName": "tGroup" })).await?;
    let gid = group["gid"].as_u64().context("no gid")?;
    owner.call("addGroupMembers", json!({ "groupId": gid, "memberUsernames": members })).await?;
    Ok(gid)
}

#[tokio::test]
async fn a_picture_goes_from_upload_to_the_screen_of_the_receiver() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let bytes = samples::large_png(2_000_000);
    let file = alice.upload(&bytes).await?;
    assert_eq!(file["format"], "png");
    assert_eq!(file["fsize"], bytes.len());
    assert_eq!(file["width"], file["height"]);
    alice.show("bobby001", &file).await?;
    let message: Value = serde_json::from_str(&bobby.hear().await?.json)?;
    assert_eq!(message["msg_type"], "image");
    assert_eq!(message["msg_body"], file, "the receiver learns all that the server knows");
    let answer = bobby.fetch(media_id(&file)?).await?;
    assert_served(&answer, "image/png", &bytes);
    assert_eq!(answer.header("content-disposition"), Some("inline; filename=\"image.png\""));
    assert_eq!(count(&server, "jmessage_uploads_total").await?, 1);
    assert_eq!(count(&server, "jmessage_upload_bytes_total").await?, bytes.len());
    Ok(())
}

#[tokio::test]
async fn a_picture_waits_for_who_is_offline_and_survives_a_restart() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let media = alice.media().await?;
    let file = alice.upload(&samples::jpeg(60, 40)).await?;
    alice.show("bobby001", &file).await?;
    let server = server.restart().await?;
    let mut bobby = server.enter("bobby001").await?;
    let heard = bobby.hear().await?;
    assert_eq!(heard.text, media_id(&file)?);
    assert_served(&bobby.fetch(&heard.text).await?, "image/jpeg", &samples::jpeg(60, 40));
    let before = request(server.url(), "GET", &format!("{}{}", media.url, heard.text), &[], &[]).await?;
    assert_eq!(before.status, 200, "an address of before the restart is still good");
    Ok(())
}

#[tokio::test]
async fn a_sound_is_played_by_the_address_that_pages_build() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let bytes = samples::mp3(23);
    let file = alice.upload(&bytes).await?;
    assert!(media_id(&file)?.starts_with("qiniu/voice/"));
    assert_eq!(file["duration"], 23);
    assert_eq!(file["format"], "mp3");
    alice.show("bobby001", &file).await?;
    let message: Value = serde_json::from_str(&bobby.hear().await?.json)?;
    assert_eq!(message["msg_type"], "voice");
    assert_eq!(message["msg_body"], file);
    let address = format!("{}.mp3", media_id(&file)?);
    let answer = bobby.fetch(&address).await?;
    assert_served(&answer, "audio/mpeg", &bytes);
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));

    let part = bobby.fetch_with(&address, &[("Range", "bytes=1000-1999")]).await?;
    assert_eq!((part.status, part.body.as_slice()), (206, &bytes[1000..2000]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 1000-1999/{}", bytes.len()).as_str()));
    let end = bobby.fetch_with(&address, &[("Range", "bytes=-10")]).await?;
    assert_eq!((end.status, end.body.as_slice()), (206, &bytes[bytes.len() - 10..]));
    let behind = format!("bytes={}-", bytes.len());
    let nothing = bobby.fetch_with(&address, &[("Range", &behind)]).await?;
    assert_eq!(nothing.status, 416);
    assert_eq!(nothing.header("content-range"), Some(format!("bytes */{}", bytes.len()).as_str()));
    Ok(())
}

#[tokio::test]
async fn a_file_is_for_its_uploader_until_it_is_sent_and_never_for_others() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let mut carol = server.enter("alice002").await?;
    let file = alice.upload(&samples::gif(60, 40)).await?;
    let id = media_id(&file)?;
    assert_eq!(alice.fetch(id).await?.status, 200);
    assert_eq!(bobby.fetch(id).await?.status, 404);
    assert_eq!(bobby.show_refused("alice002", &file).await?, 872_002, "nor may bobby send it on");
    alice.show("bobby001", &file).await?;
    assert_eq!(bobby.fetch(id).await?.status, 200);
    let outside = carol.fetch(id).await?;
    let nowhere = carol.fetch("qiniu/image/00000000000000000000000000000000").await?;
    assert_eq!(
        (outside.status, &outside.body),
        (404, &nowhere.body),
        "an outsider cannot tell that it is there"
    );
    bobby.show("alice002", &file).await?;
    assert_eq!(carol.fetch(id).await?.status, 200, "who may read it may send it on");
    let wrong = id.replace("image", "voice");
    assert_eq!(alice.fetch(&wrong).await?.status, 404);
    assert_eq!(alice.show_refused("bobby001", &json!({ "media_id": wrong })).await?, 872_002);
    Ok(())
}

#[tokio::test]
async fn another_app_sees_nothing_of_a_file() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let other = server.add_app("other", "secret", &["alice001"]).await?;
    let mut stranger = Client::configured(server.url(), &other).await?;
    stranger.login("alice001", jmessage_testkit::PASSWORD).await?;
    let file = alice.upload(&samples::png(6, 4)).await?;
    assert_eq!(stranger.fetch(media_id(&file)?).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn members_of_a_group_read_its_files_while_they_are_in_it() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let mut carol = server.enter("alice002").await?;
    let gid = group_of(&mut alice, &["bobby001", "alice002"]).await?;
    let file = bobby.upload(&samples::webp(60, 40)).await?;
    let id = media_id(&file)?;
    bobby.show_in(gid, &file).await?;
    assert_eq!((alice.fetch(id).await?.status, carol.fetch(id).await?.status), (200, 200));
    alice.call("removeGroupMembers", json!({ "groupId": gid, "memberUsernames": ["alice002"] })).await?;
    assert_eq!(carol.fetch(id).await?.status, 404);
    assert_eq!(carol.show_refused("bobby002", &file).await?, 872_002);
    alice.call("exitGroup", json!({ "groupId": gid })).await?;
    assert_eq!(alice.fetch(id).await?.status, 404, "the group has ended");
    assert_eq!(bobby.fetch(id).await?.status, 200, "its uploader still has it");
    Ok(())
}

#[tokio::test]
async fn a_message_says_of_a_file_what_the_server_knows_whatever_the_page_says() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let file = alice.upload(&samples::png(60, 40)).await?;
    let id = alice.next_id();
    let mut forged = send_file(id, "single", "bobby001", &file)?;
    if let jmessage_proto::Request::Send { msg_body, .. } = &mut forged {
        *msg_body =
            json!({ "media_id": file["media_id"], "width": 1, "fsize": 1, "format": "svg" }).to_string();
    }
    alice.ask(forged).await?;
    let message: Value = serde_json::from_str(&bobby.hear().await?.json)?;
    assert_eq!(message["msg_body"], file);
    for body in [json!({}), json!({ "media_id": "qiniu/image/../../etc/passwd" }), json!([1])] {
        let mut broken = send_file(alice.next_id(), "single", "bobby001", &file)?;
        if let jmessage_proto::Request::Send { msg_body, .. } = &mut broken {
            *msg_body = body.to_string();
        }
        assert_eq!(alice.refusal(|_| broken).await?, 872_002, "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn the_same_key_with_the_same_file_is_one_message() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let file = alice.upload(&samples::png(60, 40)).await?;
    let send = send_file(alice.next_id(), "single", "bobby001", &file)?;
    let first = alice.ask(send.clone()).await?;
    let again = alice.ask(send).await?;
    assert!(first == again, "the same answer, with the same id");
    bobby.hear().await?;
    alice.say("bobby001", "next").await?;
    assert_eq!(bobby.hear().await?.text, "next");
    Ok(())
}

#[tokio::test]
async fn thumbnails_are_as_large_as_asked_and_info_tells_the_size() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let file = alice.upload(&samples::turned_jpeg(300, 600)).await?;
    assert_eq!((&file["width"], &file["height"]), (&json!(300), &json!(600)), "as it is to be looked at");
    let id = media_id(&file)?;
    for (query, width, height) in [
        ("imageView2/0/w/200/h/200", 100, 200),
        ("imageView2/1/w/38/h/38", 38, 38),
        ("imageView2/2/w/150", 150, 300),
        ("imageView2/0/w/200/h/200&t=1", 100, 200),
        ("imageView2%2F3%2Fw%2F30", 30, 60),
        ("imageView2/0/w/9999/h/9999", 300, 600),
    ] {
        let answer = alice.fetch(&format!("{id}?{query}")).await?;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")), "{query}");
        let facts = jmessage_testkit::inspect(&answer.body)?;
        assert_eq!(facts.extent, jmessage_model::Extent::Image { width, height }, "{query}");
    }
    let info = alice.fetch(&format!("{id}?imageInfo")).await?.json()?;
    assert_eq!(info, json!({ "size": file["fsize"], "format": "jpeg", "width": 300, "height": 600 }));
    assert_eq!(alice.fetch(&format!("{id}?t=1")).await?.status, 200, "a number against caches");
    Ok(())
}

#[tokio::test]
async fn a_view_that_makes_no_sense_is_refused_with_a_reason() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let picture = alice.upload(&samples::png(60, 40)).await?;
    let sound = alice.upload(&samples::wav(1)).await?;
    for query in
        ["imageView2/9/w/1", "imageView2/0/w/0", "imageView2/0/w/x", "imageView2", "imageMogr2/rotate/90"]
    {
        let answer = alice.fetch(&format!("{}?{query}", media_id(&picture)?)).await?;
        assert_eq!(answer.refusal()?, (400, 872_002), "{query}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let answer = alice.fetch(&format!("{}?imageInfo", media_id(&sound)?)).await?;
    assert_eq!(answer.refusal()?, (400, 872_002));
    Ok(())
}

#[tokio::test]
async fn a_browser_that_has_a_file_does_not_get_it_again() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let file = alice.upload(&samples::png(60, 40)).await?;
    let whole = media_id(&file)?;
    for address in [whole.to_owned(), format!("{whole}?imageView2/2/w/10")] {
        let first = alice.fetch(&address).await?;
        let tag = first.header("etag").context("no ETag")?;
        let again = alice.fetch_with(&address, &[("If-None-Match", tag)]).await?;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(alice.fetch_with(&address, &[("If-None-Match", "\"other\"")]).await?.status, 200);
        let outside = bobby.fetch_with(&address, &[("If-None-Match", tag)]).await?;
        assert_eq!(outside.status, 404, "who may not read it learns nothing");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_is_good_for_its_purpose_and_cannot_be_forged() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let media = alice.media().await?;
    let file = alice.upload(&samples::png(6, 4)).await?;
    let read = media.url.trim_start_matches("/jmessage/v1/media/").trim_end_matches('/');
    let upload = media.upload.trim_start_matches("/jmessage/v1/upload/");
    let crossed = format!("/jmessage/v1/media/{upload}/{}", media_id(&file)?);
    assert_eq!(request(server.url(), "GET", &crossed, &[], &[]).await?.refusal()?, (403, 872_005));
    let bytes = samples::png(6, 4);
    let wrong = [
        read.to_owned(),
        "A".repeat(76),
        String::from("x"),
        format!("{upload}AA"),
        upload.replacen('A', "B", 1),
    ];
    for wrong in wrong {
        let answer = post(server.url(), &format!("/jmessage/v1/upload/{wrong}"), &bytes).await?;
        assert_eq!(answer.refusal()?, (403, 872_005), "{wrong}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "a page may read why");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_expires_and_a_living_session_gets_the_next_one_before() -> Result<()> {
    let server = TestServer::start_with(|config| config.media_for = Millis(3000)).await?;
    let mut alice = server.enter("alice001").await?;
    let first = alice.media().await?;
    let file = alice.upload(&samples::png(6, 4)).await?;
    let next = alice.media_anew().await?;
    assert_ne!(next, first);
    let id = media_id(&file)?;
    let with = async |url: &str| request(server.url(), "GET", &format!("{url}{id}"), &[], &[]).await;
    let mut answer = with(&first.url).await?;
    while answer.status == 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = with(&first.url).await?;
    }
    assert_eq!(answer.refusal()?, (403, 872_005));
    assert_ne!(alice.media_anew().await?, next);
    assert_eq!(alice.fetch(id).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_session_that_is_resumed_is_told_where_its_files_are() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let (media, token) = (alice.media().await?, alice.token()?);
    drop(alice);
    let mut again = server.connect().await?;
    again.resume(server.app(), &token, &[]).await?;
    assert_eq!(
        again.media().await?,
        media,
        "the same for half a lifetime, so that browsers find what they have"
    );
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_whether_it_says_so_or_not() -> Result<()> {
    let server = TestServer::start_with(|config| config.limits.upload = 100_000).await?;
    let mut alice = server.enter("alice001").await?;
    let large = samples::large_png(300_000);
    assert_eq!(alice.post(&large).await?.refusal()?, (413, 803_007));
    let media = alice.media().await?;
    assert_eq!(post_chunked(server.url(), &media.upload, &large).await?.refusal()?, (413, 803_007));
    let small = samples::png(60, 40);
    assert_eq!(post_chunked(server.url(), &media.upload, &small).await?.status, 200);
    assert_eq!(count(&server, "jmessage_uploads_refused_total").await?, 2);
    Ok(())
}

#[tokio::test]
async fn the_files_of_one_user_take_no_more_than_their_share() -> Result<()> {
    let bytes = samples::png(60, 40);
    let size = bytes.len() as u64;
    let server = TestServer::start_with(|config| config.limits.storage = 2 * size).await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    alice.upload(&bytes).await?;
    alice.upload(&bytes).await?;
    assert_eq!(alice.post(&bytes).await?.refusal()?, (403, 872_002));
    bobby.upload(&bytes).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_no_picture_and_no_sound_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let jpeg = samples::jpeg(60, 40);
    let files: [(&str, &[u8], u16); 6] = [
        ("nothing", b"", 415),
        ("SVG", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>", 415),
        ("HTML", b"<!doctype html><script>alert(1)</script>", 415),
        ("a JPEG cut short", &jpeg[..jpeg.len() / 2], 415),
        ("a bomb", &samples::flat_png(9000, 9000), 413),
        ("a video", &samples::mp4_video(3), 415),
    ];
    for (name, bytes, status) in files {
        assert_eq!(alice.post(bytes).await?.refusal()?, (status, 872_002), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_of_any_origin_may_upload() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let media = alice.media().await?;
    let asks = [("Origin", "https://elsewhere.example"), ("Access-Control-Request-Method", "POST")];
    for path in [media.upload.clone(), format!("{}qiniu/image/00", media.url)] {
        let answer = request(server.url(), "OPTIONS", &path, &asks, &[]).await?;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(
            answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains("POST"))
        );
        assert!(
            answer.header("access-control-allow-headers").is_some_and(|names| names.contains("content-type"))
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_upload_that_stands_still_is_cut() -> Result<()> {
    let server = TestServer::start_with(|config| {
        config.jmessage.upload_stall = Duration::from_millis(100);
    })
    .await?;
    let mut alice = server.enter("alice001").await?;
    let media = alice.media().await?;
    // Ten bytes of a thousand, and then nothing.
    let answer =
        request(server.url(), "POST", &media.upload, &[("Content-Length", "1000")], b"0123456789").await?;
    assert_eq!(answer.refusal()?, (408, 872_006));
    Ok(())
}

#[tokio::test]
async fn uploads_beyond_the_places_for_them_are_told_to_come_back() -> Result<()> {
    let server = TestServer::start_with(|config| config.jmessage.uploads = 1).await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let path = alice.media().await?.upload;
    let slow = jmessage_testkit::OpenUpload::start(server.url(), &path, 1000).await?;
    // The place is taken as soon as the server has read the head.
    let bytes = samples::png(60, 40);
    let mut answer = bobby.post(&bytes).await?;
    while answer.status == 200 {
        answer = bobby.post(&bytes).await?;
    }
    assert_eq!(answer.refusal()?, (503, 872_000));
    assert!(answer.header("retry-after").is_some());
    drop(slow);
    while answer.status != 200 {
        answer = bobby.post(&bytes).await?;
    }
    Ok(())
}

#[tokio::test]
async fn reading_beyond_the_places_for_it_is_told_to_come_back() -> Result<()> {
    let server = TestServer::start_with(|config| config.jmessage.downloads = 0).await?;
    let mut alice = server.enter("alice001").await?;
    let file = alice.upload(&samples::png(60, 40)).await?;
    let answer = alice.fetch(media_id(&file)?).await?;
    assert_eq!(answer.refusal()?, (503, 872_000));
    assert!(answer.header("retry-after").is_some());
    Ok(())
}

#[tokio::test]
async fn a_file_that_nobody_sends_is_swept_with_its_bytes() -> Result<()> {
    let server = TestServer::start_with(|config| config.unsent_for = Millis(0)).await?;
    let mut alice = server.enter("alice001").await?;
    let sent = alice.upload(&samples::png(60, 40)).await?;
    alice.show("bobby001", &sent).await?;
    let unsent = alice.upload(&samples::png(61, 40)).await?;
    let id = media_id(&unsent)?;
    let name = id.trim_start_matches("qiniu/image/");
    let place = server.data().join("media").join(&name[..2]).join(name);
    assert!(place.exists());
    while server.core().sweep().await? == 0 {}
    assert!(!place.exists());
    assert_eq!(alice.fetch(id).await?.status, 404);
    assert_eq!(alice.show_refused("bobby001", &unsent).await?, 872_002);
    assert_eq!(alice.fetch(media_id(&sent)?).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_store_that_fails_is_told_as_such() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let bytes = samples::png(60, 40);
    let file = alice.upload(&bytes).await?;
    let media = server.data().join("media");
    std::fs::remove_dir_all(&media)?;
    std::fs::write(&media, "no directory any more")?;
    assert_eq!(alice.post(&bytes).await?.refusal()?, (503, 872_000));
    assert_eq!(alice.fetch(media_id(&file)?).await?.refusal()?, (503, 872_000));
    Ok(())
}
