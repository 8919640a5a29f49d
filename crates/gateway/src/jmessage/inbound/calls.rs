//! The calls about users and groups: `call` frames, by the names of the JMessage API.

use super::params::{Params, username};
use crate::{
    jmessage::{
        outbound,
        session::{Connection, Leave},
        wire::Refused,
    },
    socket::Socket,
};
use jmessage_core::{GroupChange, Session};
use jmessage_model::{ConversationId, Description, GroupName, Limits, NameError, Username};
use jmessage_proto::Code;
use serde_json::{Value, value::RawValue};
use std::sync::Arc;

/// Members read for one answer at most: about as many as fit in a frame when they show nothing but their names.
const MOST_MEMBERS: usize = 4096;
/// Members of each group that a list of groups names at most.
const LISTED_NAMES: usize = 500;

/// What a call asks for.
enum Call {
    UserInfo(Username),
    GroupInfo(ConversationId, usize),
    GroupList,
    Change(GroupChange),
}

impl<S: Socket> Connection<S> {
    /// Carries out one call; changes are answered through the session's queue.
    pub(super) async fn call(
        &mut self,
        id: u64,
        session: &Arc<Session>,
        method: &str,
        params: &RawValue,
    ) -> Result<(), Leave> {
        let call = match parse(method, params) {
            Ok(call) => call,
            Err(refused) => return self.refuse(Some(id), refused).await,
        };
        let core = self.gateway.core.clone();
        let answer = match call {
            Call::Change(change) => {
                let submitted = core.change_group(session, id, change).await.map_err(Refused::from);
                self.changing = submitted.is_ok().then_some(id);
                return self.submitted(id, submitted).await;
            }
            Call::UserInfo(name) => core.profile(session, name).await.map(|user| outbound::profile(&user)),
            Call::GroupInfo(group, start) => core
                .group(session, group, start, MOST_MEMBERS)
                .await
                .map(|(group, members)| outbound::group_info(&group, start, &members)),
            Call::GroupList => {
                core.groups(session, LISTED_NAMES).await.map(|groups| outbound::group_list(&groups))
            }
        };
        match answer {
            Ok(data) => self.answer(id, &data).await,
            Err(error) => self.refuse(Some(id), error.into()).await,
        }
    }

    async fn answer(&mut self, id: u64, data: &Value) -> Result<(), Leave> {
        self.write([outbound::frame(outbound::data(id, data))]).await
    }
}

/// Whether a call could be carried out as far as its options go; otherwise what is wrong with them.
pub fn makes_sense(method: &str, params: &RawValue) -> Result<(), String> {
    parse(method, params).map(drop).map_err(|refused| refused.message)
}

fn parse(method: &str, params: &RawValue) -> Result<Call, Refused> {
    let params = Params::read(params)?;
    Ok(match method {
        "getUserInfo" => Call::UserInfo(username(params.required_text("username")?)?),
        "getGroupInfo" => Call::GroupInfo(params.group()?, params.start()?),
        "getGroupList" => Call::GroupList,
        "createGroup" => Call::Change(GroupChange::Create {
            name: name(params.required_text("groupName")?)?,
            description: description(params.text("groupDescription")?.unwrap_or_default())?,
        }),
        "updateGroupInfo" => Call::Change(GroupChange::Update {
            group: params.group()?,
            name: params.text("groupName")?.map(name).transpose()?,
            description: params.text("groupDescription")?.map(description).transpose()?,
        }),
        "addGroupMembers" => {
            Call::Change(GroupChange::Add { group: params.group()?, users: params.members()? })
        }
        "removeGroupMembers" => {
            Call::Change(GroupChange::Remove { group: params.group()?, users: params.members()? })
        }
        "exitGroup" => Call::Change(GroupChange::Exit { group: params.group()? }),
        _ => return Err(Refused::argument("unknown method")),
    })
}

fn name(text: &str) -> Result<GroupName, Refused> {
    if text.is_empty() {
        return Err(Code::GroupNameEmpty.into());
    }
    GroupName::new(text).map_err(|error| refused("groupName", error))
}

fn description(text: &str) -> Result<Description, Refused> {
    Description::new(text).map_err(|error| refused("groupDescription", error))
}

fn refused(field: &str, error: NameError) -> Refused {
    let message = format!("{field} {error}");
    match error {
        NameError::Length { max: Limits::MAX_NICKNAME | Limits::MAX_DESCRIPTION, .. } => {
            Refused::new(Code::GroupTextTooLong, message)
        }
        NameError::Length { .. } | NameError::Start | NameError::Character => Refused::argument(message),
    }
}
