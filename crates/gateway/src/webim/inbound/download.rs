//! `download`: what was said, as a file.

use super::{
    caller::{Asked, Kind},
    calls::conversation_of_type,
};
use crate::webim::{
    Gateway,
    answer::{self, Manner},
    outbound::{self, day_and_time},
    wire::{Edition, Refused},
};
use axum::response::Response;
use jmessage_core::Entry;

/// Messages of a file at most.
const MESSAGES: usize = 1000;
/// Bytes of their texts at most.
const BYTES: usize = 1 << 20;

/// The last messages of a conversation as a document for people, to be kept.
pub(super) async fn download(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Reads)?;
    if matches!(manner, Manner::Call(_)) {
        return Err(Refused::bad("a file is no script"));
    }
    let log = match conversation_of_type(asked, asked.params.required("id")?)? {
        Some(with) => gateway.core.history(&caller.poller.session, with, MESSAGES).await?,
        None => Vec::new(),
    };
    let today = day_and_time(gateway.core.now());
    let date = asked.params.text("date").filter(|date| is_date(date)).or_else(|| today.get(..10));
    let date = date.unwrap_or_default();
    Ok(answer::file(&format!("histories-{date}.html"), document(date, newest(&log))))
}

/// Digits with `-` between them, as pages write a day.
fn is_date(text: &str) -> bool {
    text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// As many of the last messages as a file has room for.
fn newest(log: &[Entry]) -> &[Entry] {
    let mut room = BYTES;
    let is_too_much = |entry: &Entry| match room.checked_sub(entry.content.size()) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    };
    let before = log.iter().rposition(is_too_much);
    before.map_or(log, |at| &log[at + 1..])
}

fn document(date: &str, log: &[Entry]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>聊天记录 {date}</title></head><body>\n\
         <h1>聊天记录 {date}</h1>\n<table>\n<tr><th>用户</th><th>消息</th><th>时间</th></tr>\n"
    );
    // Names and texts are somebody else's; how a message is to look is left out.
    for (entry, item) in outbound::messages(Edition::Current, log) {
        html.push_str("<tr><td>");
        escape(&mut html, item.nick.as_deref().unwrap_or_default());
        html.push_str("</td><td style=\"white-space:pre-wrap\">");
        escape(&mut html, &item.body);
        html.push_str("</td><td>");
        html.push_str(&day_and_time(entry.at));
        html.push_str("</td></tr>\n");
    }
    html.push_str("</table>\n</body></html>\n");
    html
}

/// A text as it may stand between tags and in attributes.
fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\0' => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_neither_an_element_nor_an_attribute() {
        let mut html = String::new();
        escape(&mut html, "<script>\"a\" & 'b'\0</script>\n你好");
        assert_eq!(html, "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\u{fffd}&lt;/script&gt;\n你好");
    }

    #[test]
    fn a_day_is_written_in_digits() {
        for day in ["2014-3-9", "2014-03-19", ""] {
            assert!(is_date(day), "{day}");
        }
        for day in ["2014-03-19x", "../a", "a\"b", "二〇一四", "2014-03-19-0"] {
            assert!(!is_date(day), "{day}");
        }
    }
}
