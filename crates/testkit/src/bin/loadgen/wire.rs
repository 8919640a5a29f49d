//! What is said differently by each of the measured servers: how a message is written, and what came.

use crate::{
    frame::{self, Frame},
    peers::{socketio, xmpp},
};
use anyhow::Result;

/// A protocol.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Wire {
    /// Ours, and that of the echo.
    Jmessage,
    SocketIo,
    Xmpp,
}

impl Wire {
    /// A message of [`frame::TEXT`] bytes to a user, due at `stamp`. `number` counts the sender's messages from 1.
    pub(crate) fn message(self, number: u64, to: &str, stamp: u64) -> String {
        match self {
            Self::Jmessage => frame::message(number, to, stamp),
            Self::SocketIo => socketio::message(number, to, stamp),
            Self::Xmpp => xmpp::message(number, to, stamp),
        }
    }

    /// The same to a group.
    pub(crate) fn message_in(self, number: u64, group: u64) -> String {
        match self {
            Self::Jmessage => frame::message_in(number, group),
            Self::SocketIo => socketio::message_in(number, group),
            Self::Xmpp => xmpp::message_in(number, group),
        }
    }

    /// Reads what came; an error from the server ends the run.
    pub(crate) fn read(self, text: &str) -> Result<Frame> {
        match self {
            Self::Jmessage => Frame::read(text),
            Self::SocketIo => socketio::read(text),
            Self::Xmpp => xmpp::read(text),
        }
    }

    /// Tells the server what has arrived, where that is told: an XMPP client asks an archive for what it does not know.
    pub(crate) fn ack(self, conversation: u64, seq: u64) -> Option<String> {
        match self {
            Self::Jmessage => Some(frame::ack(conversation, seq)),
            Self::SocketIo => Some(socketio::ack(conversation, seq)),
            Self::Xmpp => None,
        }
    }

    /// A question to which every living connection has an answer, and how that begins.
    pub(crate) fn alive(self) -> (&'static str, &'static str) {
        match self {
            Self::Jmessage => (r#"{"type":"ping"}"#, r#"{"type":"pong"}"#),
            Self::SocketIo => socketio::ALIVE,
            Self::Xmpp => xmpp::ALIVE,
        }
    }
}
