//! The calls about users and groups: `call` frames, by the names of the JMessage API.

use crate::jmessage::{
    outbound,
    session::{Connection, Leave},
    wire::Refused,
};
use jmessage_core::{GroupChange, Session};
use jmessage_model::{ConversationId, Description, GroupName, Limits, NameError, Username};
use jmessage_proto::Code;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use std::sync::Arc;

/// Usernames in one call at most: the event that tells of them fits in a frame.
const MAX_NAMES: usize = 256;
/// Members read for one answer at most: about as many as fit in a frame when they show nothing but their names.
const MOST_MEMBERS: usize = 4096;
/// Members of each group that a list of groups names at most.
const LISTED_NAMES: usize = 500;

#[derive(Deserialize)]
struct UserInfo {
    username: String,
}

/// A group's number, which old pages also give as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Gid {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OneGroup {
    group_id: Gid,
}

/// `start` members are passed over: for groups whose members do not fit in one answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupInfo {
    group_id: Gid,
    #[serde(default)]
    start: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateGroup {
    group_name: String,
    #[serde(default)]
    group_description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "named as in the API")]
struct UpdateGroup {
    group_id: Gid,
    group_name: Option<String>,
    group_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    group_id: Gid,
    member_usernames: Vec<String>,
}

/// What a call asks for.
enum Call {
    UserInfo(Username),
    GroupInfo(ConversationId, usize),
    GroupList,
    Change(GroupChange),
}

impl Connection {
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

fn parse(method: &str, params: &RawValue) -> Result<Call, Refused> {
    Ok(match method {
        "getUserInfo" => Call::UserInfo(username(&read::<UserInfo>(params)?.username)?),
        "getGroupInfo" => {
            let GroupInfo { group_id, start } = read(params)?;
            Call::GroupInfo(group(group_id)?, start)
        }
        "getGroupList" => Call::GroupList,
        "createGroup" => {
            let CreateGroup { group_name, group_description } = read(params)?;
            let (name, description) = (name(&group_name)?, description(&group_description)?);
            Call::Change(GroupChange::Create { name, description })
        }
        "updateGroupInfo" => {
            let UpdateGroup { group_id, group_name, group_description } = read(params)?;
            Call::Change(GroupChange::Update {
                group: group(group_id)?,
                name: group_name.as_deref().map(name).transpose()?,
                description: group_description.as_deref().map(description).transpose()?,
            })
        }
        "addGroupMembers" => {
            let (group, users) = members(params)?;
            Call::Change(GroupChange::Add { group, users })
        }
        "removeGroupMembers" => {
            let (group, users) = members(params)?;
            Call::Change(GroupChange::Remove { group, users })
        }
        "exitGroup" => Call::Change(GroupChange::Exit { group: group(read::<OneGroup>(params)?.group_id)? }),
        _ => return Err(Refused::argument("unknown method")),
    })
}

fn read<T: DeserializeOwned>(params: &RawValue) -> Result<T, Refused> {
    serde_json::from_str(params.get()).map_err(|error| Refused::argument(format!("params: {error}")))
}

fn group(gid: Gid) -> Result<ConversationId, Refused> {
    let number = match gid {
        Gid::Number(number) => Some(number),
        Gid::Text(text) => text.parse().ok(),
    };
    number.map(ConversationId).ok_or_else(|| Refused::argument("groupId must be a number"))
}

fn username(name: &str) -> Result<Username, Refused> {
    Username::new(name).map_err(|_| Code::NoSuchUser.into())
}

fn members(params: &RawValue) -> Result<(ConversationId, Vec<Username>), Refused> {
    let Members { group_id, member_usernames } = read(params)?;
    let group = group(group_id)?;
    if member_usernames.is_empty() || member_usernames.len() > MAX_NAMES {
        return Err(Refused::argument(format!("memberUsernames must have 1 to {MAX_NAMES} names")));
    }
    let users = member_usernames.iter().map(|name| username(name)).collect::<Result<_, _>>()?;
    Ok((group, users))
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
