//! From events of the core to frames.

use super::wire::Refused;
use axum::extract::ws::{Message as Frame, Utf8Bytes};
use bytes::Bytes;
use jmessage_core::{Destination, Entry, Error, Receipt, Session, Shared, Token};
use jmessage_model::{Content, Platform};
use jmessage_proto::{Message, MessageBody, Response, TargetType};

/// The place of this gateway's encoded form in a shared entry.
const SLOT: usize = 0;

/// A response as a text frame.
pub(super) fn frame(response: Response<String>) -> Frame {
    Frame::Text(response.encode().into())
}

/// The answer to a login or a resumption.
pub(super) fn session(id: u64, session: &Session, token: &Token) -> Frame {
    frame(Response::Session {
        id,
        token: token.reveal(),
        username: session.user.name.to_string(),
        nickname: session.user.nickname.to_string(),
    })
}

/// The answer to a command that went through the queue.
pub(super) fn reply(id: u64, result: Result<Receipt, Error>) -> Frame {
    frame(match result {
        Ok(Receipt::Sent(sent)) => Response::Sent {
            id,
            msg_id: sent.id.0,
            conversation: sent.conversation.0,
            seq: sent.seq.0,
            create_time: sent.at.seconds(),
        },
        Ok(Receipt::Ended) => Response::Done { id },
        Err(error) => Refused::from(error).frame(Some(id)),
    })
}

/// An entry on its way to several sessions: encoded by the first.
pub(super) fn shared(shared: &Shared) -> Frame {
    let bytes = shared.encoded(SLOT, |entry| Bytes::from(push(entry)));
    // It was text when it was encoded; the type has forgotten it.
    Frame::Text(Utf8Bytes::try_from(bytes).unwrap_or_default())
}

/// An entry read from the log for this session alone.
pub(super) fn entry(entry: &Entry) -> Frame {
    Frame::Text(push(entry).into())
}

fn push(entry: &Entry) -> String {
    let (target_type, target) = match &entry.to {
        Destination::User(user) => (TargetType::Single, user),
    };
    let message = Message {
        target_type,
        target_id: target.name.as_str(),
        target_name: target.nickname.as_str(),
        from_id: entry.sender.name.as_str(),
        from_name: entry.sender.nickname.as_str(),
        from_platform: match entry.platform {
            Platform::Web => "web",
        },
        create_time: entry.at.seconds(),
        msg_id: entry.id.0,
        body: match &entry.content {
            Content::Text(text) => MessageBody::Text(text),
        },
    };
    let (conversation, seq) = (entry.conversation.0, entry.seq.0);
    Response::Push { conversation, seq, message: message.encode() }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jmessage_core::UserCard;
    use jmessage_model::{
        AppId, ClientKey, ConversationId, EntryId, Millis, Nickname, Seq, UserId, Username,
    };
    use std::sync::Arc;

    #[test]
    fn an_entry_is_pushed_as_the_message_of_the_seed() {
        let card = |id, name, nickname| {
            Arc::new(UserCard {
                app: AppId(1),
                id: UserId(id),
                name: Username::new(name).unwrap(),
                nickname: Nickname::new(nickname).unwrap(),
            })
        };
        let text = push(&Entry {
            conversation: ConversationId(7),
            seq: Seq(3),
            id: EntryId(12),
            at: Millis(135_432_432_187),
            sender: card(1, "fang", "Fang Javen"),
            platform: Platform::Web,
            to: Destination::User(card(2, "javen", "Javen Fang")),
            key: ClientKey::new("k").unwrap(),
            content: Content::Text("Hello, JPush IM!".into()),
        });
        insta::assert_snapshot!(text, @r#"{"type":"push","conversation":7,"seq":3,"message":{"version":1,"target_type":"single","target_id":"javen","target_name":"Javen Fang","from_type":"user","from_id":"fang","from_name":"Fang Javen","from_platform":"web","create_time":135432432,"msg_id":12,"msg_type":"text","msg_body":{"text":"Hello, JPush IM!"}}}"#);
    }
}
