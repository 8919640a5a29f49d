//! Images between pages and a real server; see `JMESSAGE_TEST_SERVER` in the common module.
#![cfg(target_family = "wasm")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Page, bag, get, js, pause, set};
use js_sys::Function;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// A PNG of noise, so that it does not compress: three bytes for each pixel.
async fn picture(width: u32, height: u32) -> JsValue {
    let body = "
        const canvas = new OffscreenCanvas(a.width, a.height), context = canvas.getContext('2d');
        const image = context.createImageData(a.width, a.height);
        let seed = 1;
        for (let i = 0; i < image.data.length; i++) {
            seed = (seed * 1103515245 + 12345) % 2147483648;
            image.data[i] = i % 4 === 3 ? 255 : seed >> 16;
        }
        context.putImageData(image, 0, 0);
        return canvas.convertToBlob({ type: 'image/png' });";
    js(body, &bag(&[("width", width.into()), ("height", height.into())])).await
}

impl Page {
    /// Sends an image to `to` with all callbacks; `options` come on top.
    fn send_image(&self, to: &str, options: &[(&str, JsValue)]) -> JsValue {
        let target = [("targetType", "single".into()), ("targetId", JsValue::from(to))];
        self.call("sendImageMessage", &[bag(&[&target, options, &self.callbacks()].concat())])
    }

    /// The URL of what `message` is about, with `suffix`.
    fn media_url(&self, message: &JsValue, suffix: &str) -> String {
        let base = get(&self.jmessage, "QiNiuMediaUrl").as_string().unwrap();
        let id = get(&get(message, "msg_body"), "media_id").as_string().unwrap();
        format!("{base}{id}{suffix}")
    }
}

fn number(object: &JsValue, name: &str) -> f64 {
    get(object, name).as_f64().unwrap_or_else(|| panic!("no number {name}"))
}

#[wasm_bindgen_test]
async fn an_image_arrives_with_everything_known_of_it_and_can_be_seen_by_both() {
    let (alice, bobby) = (Page::of("alice012").await, Page::of("bobby012").await);
    let file = picture(300, 200).await;
    let size = number(&file, "size");
    alice.send_image("bobby012", &[("file", file), ("progress", alice.callback("progress"))]);
    let rid = alice.take("idGenerated").expect("told within the call").number(0);
    assert_eq!(alice.hear("sent").await.number(0), rid);
    let progress = alice.hear("progress").await;
    assert!(progress.number(0) <= progress.number(1) && progress.number(1) > 0);
    assert_eq!(progress.number(2), rid);

    let heard = bobby.hear("onMessageReceived").await;
    let message = &heard.values[0];
    assert_eq!(get(message, "msg_type"), "image");
    assert_eq!(get(message, "msgType"), "image");
    let body = get(message, "msgBody");
    assert_eq!((number(&body, "width"), number(&body, "height")), (300.0, 200.0));
    assert_eq!((number(&body, "fsize"), get(&body, "format")), (size, "png".into()));
    let id = get(&body, "media_id").as_string().unwrap();
    assert!(id.strip_prefix("qiniu/image/").is_some_and(|id| id.len() == 32), "{id}");

    for page in [&alice, &bobby] {
        let url = page.media_url(message, "").into();
        let original = js("return (await (await fetch(a)).blob()).size", &url).await;
        assert_eq!(original, JsValue::from(size));
        let small = page.media_url(message, "?imageView2/0/w/200/h/200").into();
        let size =
            js("const it = await createImageBitmap(await (await fetch(a)).blob()); return it.width", &small);
        assert_eq!(size.await, JsValue::from(200));
        let info = page.media_url(message, "?imageInfo").into();
        assert_eq!(get(&js("return (await fetch(a)).json()", &info).await, "height"), JsValue::from(200));
    }
    // zlib's CRC-32, unsigned.
    let crc = "
        const bytes = new Uint8Array(await (await fetch(a)).arrayBuffer());
        let crc = -1;
        for (const byte of bytes) {
            crc ^= byte;
            for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
        }
        return ~crc >>> 0;";
    assert_eq!(js(crc, &alice.media_url(message, "").into()).await, get(&body, "media_crc32"));
}

#[wasm_bindgen_test]
async fn the_file_of_an_input_is_taken_in_the_call() {
    let (alice, _bobby) = (Page::of("alice013").await, Page::of("bobby013").await);
    let make_input = "
        const input = document.createElement('input');
        Object.assign(input, { type: 'file', id: 'picture', name: 'picture' });
        const chosen = new DataTransfer();
        chosen.items.add(new File([a], 'a.png'));
        input.files = chosen.files;
        document.body.append(input);
        return input;";
    let input = js(make_input, &picture(20, 10).await).await;
    alice.send_image("bobby013", &[("fileId", "picture".into())]);
    // The page is free to use its input again.
    set(&input, "value", &"".into());
    alice.hear("sent").await;
    alice.send_image("bobby013", &[("fileId", "picture".into())]);
    let refused = alice.hear("unsent").await;
    assert!(refused.assert_code(872_002).text(1).contains("no input in which a file is chosen"));
    let remove: Function = get(&input, "remove").unchecked_into();
    remove.call0(&input).unwrap();
}

#[wasm_bindgen_test]
async fn wrong_arguments_of_an_image_fail_with_872002_and_say_what_is_wrong() {
    let page = Page::of("alice014").await;
    let blob = picture(1, 1).await;
    for (options, message) in [
        (vec![], "fileId is missing"),
        (vec![("fileId", JsValue::NULL)], "fileId is missing"),
        (vec![("fileId", "nowhere".into())], "fileId names no element"),
        (vec![("file", "text".into())], "file must be a File or a Blob"),
        (vec![("file", blob.clone()), ("targetType", "room".into())], "targetType must be single or group"),
        (vec![("file", blob.clone()), ("targetId", JsValue::NULL)], "targetId is missing"),
    ] {
        page.send_image("bobby014", &options);
        assert_eq!(page.hear("unsent").await.assert_code(872_002).text(1), message);
    }
    let text = js("return new Blob(['<svg xmlns=\"http://www.w3.org/2000/svg\"/>'])", &JsValue::NULL).await;
    page.send_image("bobby014", &[("file", text)]);
    page.hear("unsent").await.assert_code(872_002);
    page.send_image("nobody14", &[("file", blob)]);
    page.hear("unsent").await.assert_code(898_002);
}

#[wasm_bindgen_test]
async fn an_image_is_not_uploaded_without_a_session() {
    let page = Page::ready().await;
    page.send_image("bobby014", &[("file", picture(1, 1).await), ("progress", page.callback("progress"))]);
    page.hear("unsent").await.assert_code(872_001);
    assert!(page.take("progress").is_none());
}

#[wasm_bindgen_test]
async fn an_upload_can_be_aborted_and_the_message_sent_again() {
    let (alice, bobby) = (Page::of("alice015").await, Page::of("bobby015").await);
    let abort: JsValue = js("return new AbortController()", &JsValue::NULL).await;
    let stop: Function = get(&abort, "abort").unchecked_into();
    let controller = abort.clone();
    let progress = alice.reaction("progress", move |_| {
        stop.call0(&controller).unwrap();
    });
    let options =
        [("file", picture(900, 700).await), ("signal", get(&abort, "signal")), ("progress", progress)];
    alice.send_image("bobby015", &options);
    let failed = alice.hear("unsent").await;
    assert!(failed.assert_code(872_002).text(1).contains("aborted"));
    let rid = failed.number(2);
    let again = [("rid", rid.to_string().into()), ("success", alice.callback("again"))];
    alice.call("resendMessage", &[bag(&again)]);
    assert_eq!(alice.hear("again").await.number(0), rid);
    assert_eq!(get(&bobby.hear("onMessageReceived").await.values[0], "msg_type"), "image");
    pause(50.0).await;
    assert!(bobby.take("onMessageReceived").is_none(), "once");
}

#[wasm_bindgen_test]
async fn an_image_may_be_sent_in_the_moment_of_the_login_by_the_user_who_logged_in() {
    let file = picture(30, 30).await;
    let page = Page::ready().await;
    for (username, other) in [("alice019", "bobby019"), ("bobby019", "alice019")] {
        let sender = page.clone();
        let image = file.clone();
        let success = page.reaction("in", move |_| {
            assert_ne!(get(&sender.jmessage, "QiNiuMediaUrl"), "");
            sender.send_image(other, &[("file", image.clone())]);
        });
        let options =
            [("username", username.into()), ("password", common::PASSWORD.into()), ("success", success)];
        page.call("login", &[bag(&options)]);
        page.hear("sent").await;
    }
    page.call("logout", &[]);
    assert_eq!(get(&page.jmessage, "QiNiuMediaUrl"), "", "the right ends with the session");
}

#[wasm_bindgen_test]
async fn many_images_at_once_all_arrive() {
    let (alice, bobby) = (Page::of("alice020").await, Page::of("bobby020").await);
    let file = picture(200, 200).await;
    for _ in 0..9 {
        alice.send_image("bobby020", &[("file", file.clone())]);
    }
    for _ in 0..9 {
        alice.hear("sent").await;
        assert_eq!(get(&bobby.hear("onMessageReceived").await.values[0], "msg_type"), "image");
    }
    assert!(alice.take("unsent").is_none());
}
