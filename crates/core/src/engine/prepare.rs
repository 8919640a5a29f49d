//! From a command to what it changes in the store, or to its answer at once.

use super::{Engine, POSTED, Recipients, Then};
use crate::{
    Error, UserCard,
    command::{Command, Proof},
    port::{Author, Op, Target},
    queue::End,
    session::To,
};
use jmessage_model::{ClientKey, Content, Millis, Platform, UserId};

impl Engine {
    /// The rules: what the command changes, or its answer at once.
    pub(super) fn prepare(&mut self, command: Command) -> Option<(Op, Then)> {
        match command {
            Command::Send { session, request, to, key, content, at } => {
                match self.check_send(&session.user, &to, &content) {
                    Ok(to) => {
                        let by = Author::Session(session.fence);
                        let op = append(by, &session.user, to.target(), (key, content), at);
                        Some((op, Then::Sent { session, request, to }))
                    }
                    Err(error) => match to {
                        // Who left a group meanwhile still hears what became of a message sent before.
                        To::Group(group) => {
                            let op = Op::Recall { fence: session.fence, group, key, content };
                            Some((op, Then::Recalled { session, request, error }))
                        }
                        To::User(_) => {
                            session.queue.reply(request, Err(error));
                            None
                        }
                    },
                }
            }
            Command::Post { from, to, key, content, at, answer } => {
                match self.check_send(&from, &to, &content) {
                    Ok(to) => {
                        let by = Author::App { user: from.id, platform: POSTED };
                        let op = append(by, &from, to.target(), (key, content), at);
                        Some((op, Then::Posted { from, to, answer }))
                    }
                    Err(error) => {
                        let _ = answer.send(Err(error));
                        None
                    }
                }
            }
            Command::Group { session, request, change, at } => {
                match self.prepare_group(&session, request, change, at) {
                    Ok(prepared) => prepared,
                    Err(error) => {
                        session.queue.reply(request, Err(error));
                        None
                    }
                }
            }
            Command::Acknowledge { session, positions } => {
                Some((Op::Acknowledge { fence: session.fence, positions }, Then::Acknowledged(session)))
            }
            Command::Open { user, platform, proof, shown, queue, at, answer } => {
                let (op, displaced) = open(user.id, platform, proof, at);
                Some((op, Then::Opened { user, platform, shown, queue, displaced, answer }))
            }
            Command::End { session, request } => {
                Some((Op::EndSession(session.fence), Then::Ended { session, request }))
            }
            Command::Leave { session } => {
                self.leave(&session);
                None
            }
            Command::Watch { session, users, groups } => {
                self.watch(&session, users, groups);
                None
            }
            Command::Show { session, shown } => {
                self.show(&session, shown);
                None
            }
            Command::Typing { session, to, typing } => {
                self.typing(&session, &to, typing);
                None
            }
            Command::Broadcast { from, by, content, at } => {
                self.broadcast(from, by.as_deref(), content, at);
                None
            }
            Command::Aside { from, by, to, content, at, answer } => {
                let _ = answer.send(self.aside(from, by.as_deref(), &to, content, at));
                None
            }
            Command::Look { session, users, groups, answer } => {
                let _ = answer.send(self.look(&session, &users, &groups));
                None
            }
            Command::LookIn { app, users, answer } => {
                let _ = answer.send(self.look_at(app, &users));
                None
            }
            Command::Change { op, answer } => Some((op, Then::Changed(answer))),
            Command::Stop => None,
        }
    }

    pub(crate) fn check_send(
        &mut self,
        from: &UserCard,
        to: &To,
        content: &Content,
    ) -> Result<Recipients, Error> {
        content.check(&self.limits)?;
        match to {
            To::User(name) => {
                let found = self.names.find(from.app, name, self.reader.as_ref())?;
                found.map(Recipients::User).ok_or(Error::NoSuchTarget)
            }
            To::Group(id) => self.group_for(from, *id, crate::group::Action::Send).map(Recipients::Group),
        }
    }

    /// Once a sync has failed, what the store shows may not be so: nothing is decided by it.
    pub(super) fn refuse(&mut self, command: Command) {
        let error = Error::Unavailable;
        match command {
            Command::Send { session, request, .. }
            | Command::Group { session, request, .. }
            | Command::End { session, request } => session.queue.reply(request, Err(error)),
            Command::Acknowledge { session, .. } => session.queue.acknowledged(),
            Command::Post { answer, .. } => drop(answer.send(Err(error))),
            Command::Open { answer, .. } => drop(answer.send(Err(error))),
            Command::Aside { answer, .. } => drop(answer.send(Err(error))),
            Command::Change { answer, .. } => drop(answer.send(Err(error))),
            // The connection is gone, whatever is stored.
            Command::Leave { session } => self.leave(&session),
            // Nobody waits, or hears of it when the answer is dropped.
            Command::Watch { .. }
            | Command::Show { .. }
            | Command::Typing { .. }
            | Command::Broadcast { .. }
            | Command::Look { .. }
            | Command::LookIn { .. }
            | Command::Stop => {}
        }
    }
}

/// What appends a message.
fn append(by: Author, from: &UserCard, to: Target, (key, content): (ClientKey, Content), at: Millis) -> Op {
    Op::Append { by, app: from.app, to, nickname: from.nickname.clone(), key, content, at }
}

fn open(user: UserId, platform: Platform, proof: Proof, at: Millis) -> (Op, End) {
    match proof {
        Proof::Login(token) => (Op::OpenSession { user, platform, token, at }, End::Kicked),
        Proof::Resume { token, oldest, acknowledged } => {
            (Op::ResumeSession { user, platform, token, oldest, acknowledged }, End::Replaced)
        }
    }
}
