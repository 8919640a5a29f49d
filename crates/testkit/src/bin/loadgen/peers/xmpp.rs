//! XMPP servers, over plain TCP as their own clients speak to them. Users are registered in the stream (XEP-0077) and log in
//! with PLAIN; groups are rooms (XEP-0045). Nothing is asked of the server that it need not do for a message: no receipts,
//! no acknowledgement of stanzas (XEP-0198), no copies to other devices.

use crate::{
    frame::{self, Frame},
    link::{self, Reader, Writer},
};
use anyhow::{Result, bail, ensure};
use data_encoding::BASE64;

/// The host that the servers are told to be.
pub(crate) const HOST: &str = "localhost";
/// Where its rooms are.
pub(crate) const ROOMS: &str = "rooms.localhost";
/// The room that is joined by [`join`].
pub(crate) const ROOM: u64 = 1;

const OPEN: &str = "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
                    xmlns:stream='http://etherx.jabber.org/streams'>";

/// See [`crate::wire::Wire::alive`]. Whether the server knows pings or not, it answers.
pub(crate) const ALIVE: (&str, &str) =
    ("<iq type='get' id='alive'><ping xmlns='urn:xmpp:ping'/></iq>", "<iq ");

/// Makes an account.
pub(crate) async fn register(url: &str, user: &str, password: &str) -> Result<()> {
    let (mut writer, mut reader) = link::connect_plain(url).await?;
    say(&mut writer, OPEN).await?;
    hear(&mut reader, "<stream:features").await?;
    let query = format!(
        "<iq type='set' id='register' to='{HOST}'><query xmlns='jabber:iq:register'><username>{user}</username>\
         <password>{password}</password></query></iq>"
    );
    say(&mut writer, &query).await?;
    hear(&mut reader, "<iq ").await?;
    Ok(())
}

/// Connects, logs in and becomes available.
pub(crate) async fn enter(url: &str, user: &str, password: &str) -> Result<(Writer, Reader)> {
    let (mut writer, mut reader) = link::connect_plain(url).await?;
    say(&mut writer, OPEN).await?;
    hear(&mut reader, "<stream:features").await?;
    let secret = BASE64.encode(format!("\0{user}\0{password}").as_bytes());
    let auth = format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>");
    say(&mut writer, &auth).await?;
    hear(&mut reader, "<success").await?;
    reader.restart();
    say(&mut writer, OPEN).await?;
    hear(&mut reader, "<stream:features").await?;
    let bind = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
                <resource>bench</resource></bind></iq>";
    say(&mut writer, bind).await?;
    hear(&mut reader, "<iq ").await?;
    say(&mut writer, "<presence/>").await?;
    // A server tells a client's presence to all devices of its user, this one included.
    hear(&mut reader, "<presence ").await?;
    Ok((writer, reader))
}

/// Enters the room; who is first makes it. Comes back when everything that a newcomer is told has been told.
pub(crate) async fn join((writer, reader): (&mut Writer, &mut Reader), user: &str) -> Result<()> {
    let x = "<x xmlns='http://jabber.org/protocol/muc'/>";
    say(writer, &format!("<presence to='{ROOM}@{ROOMS}/{user}'>{x}</presence>")).await?;
    // The last thing is the subject, after the presence of all others.
    while !hear(reader, "<message ").await?.contains("<subject") {}
    Ok(())
}

/// See [`crate::wire::Wire::message`].
pub(crate) fn message(number: u64, to: &str, stamp: u64) -> String {
    let text = frame::text(stamp);
    format!("<message to='{to}@{HOST}' type='chat' id='{number}'><body>{text}</body></message>")
}

/// See [`crate::wire::Wire::message_in`].
pub(crate) fn message_in(number: u64, room: u64) -> String {
    let text = frame::text(0);
    format!("<message to='{room}@{ROOMS}' type='groupchat' id='{number}'><body>{text}</body></message>")
}

/// See [`crate::wire::Wire::read`]. The sender's number, which comes as it was sent, stands for the place of a message.
pub(crate) fn read(stanza: &str) -> Result<Frame> {
    refuse_errors(stanza)?;
    let Some(body) = stanza.find("<body>") else { return Ok(Frame::Other) };
    let head = &stanza[..stanza.find('>').unwrap_or(0)];
    let seq = ["id='", "id=\""].iter().find_map(|name| {
        let name = format!(" {name}");
        head.find(&name).map(|at| &head[at + name.len()..])
    });
    let Some(seq) = seq else { bail!("a message without a number: {stanza}") };
    let stamp = frame::digits(&stanza[body + "<body>".len()..])?;
    Ok(Frame::Push { conversation: 0, seq: frame::digits(seq)?, stamp })
}

async fn say(writer: &mut Writer, stanza: &str) -> Result<()> {
    writer.put(stanza.to_owned()).await?;
    writer.flush().await
}

/// The next stanza that begins like this; others before it are let go, errors are not.
async fn hear(reader: &mut Reader, head: &str) -> Result<String> {
    loop {
        let stanza = reader.stanza().await?;
        refuse_errors(&stanza)?;
        if stanza.starts_with(head) {
            return Ok(stanza);
        }
    }
}

fn refuse_errors(stanza: &str) -> Result<()> {
    let head = &stanza[..stanza.find('>').unwrap_or(0)];
    let error = ["<failure", "<stream:error", "</stream:stream"].iter().any(|bad| stanza.starts_with(bad))
        || head.contains("type='error'")
        || head.contains("type=\"error\"");
    ensure!(!error, "the server says {stanza}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written_and_is_told_in_a_room() {
        let sent = message(7, "bench00001", 42);
        let Frame::Push { seq, stamp, .. } = read(&sent).unwrap() else { panic!("a message") };
        assert_eq!((seq, stamp), (7, 42));
        assert!(sent.contains(&format!("<body>{}</body>", frame::text(42))), "{sent}");
        assert!(message_in(8, ROOM).starts_with("<message to='1@rooms.localhost' type='groupchat' id='8'>"));
    }

    #[test]
    fn the_number_is_the_messages_own_and_not_the_archives() {
        let stanza = r#"<message to="a@localhost" id="12" from="b"><stanza-id id="99"/><body>000000000005x</body></message>"#;
        let Frame::Push { seq, stamp, .. } = read(stanza).unwrap() else { panic!("a message") };
        assert_eq!((seq, stamp), (12, 5));
    }

    #[test]
    fn errors_end_the_run_and_the_rest_is_let_go() {
        for bad in [
            "<message type='error' id='1'><body>000000000005x</body></message>",
            "<iq type=\"error\" id='1'/>",
            "<stream:error><conflict/></stream:error>",
            "</stream:stream>",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(matches!(read("<presence from='a'/>"), Ok(Frame::Other)));
        assert!(matches!(read("<message id='s'><subject/></message>"), Ok(Frame::Other)));
    }
}
