//! What pages set: an object of their own making, in which `blocked_rooms` is the one name that means something here.

use super::params::Params;
use crate::webim::{
    Gateway,
    outbound::{read_room_id, room_id},
    wire::Refused,
};
use jmessage_core::Session;
use jmessage_model::{ConversationId, SettingName};
use serde_json::{Map, Value};
use std::collections::HashSet;

const BLOCKED: &str = "blocked_rooms";
/// What seed 001 sets as parameters.
const FLAGS: [&str; 4] = ["play_sound", "buddy_sticky", "minimize_layout", "msg_auto_pop"];

/// What a user has set.
#[derive(Clone, Debug, Default)]
pub(super) struct Setting(Map<String, Value>);

impl Setting {
    /// What is stored; an empty object at first.
    pub(super) async fn of(gateway: &Gateway, session: &Session) -> Result<Self, Refused> {
        let stored = gateway.core.setting(session, name()?).await?;
        Ok(Self(stored.and_then(|stored| serde_json::from_str(&stored).ok()).unwrap_or_default()))
    }

    /// Stores it.
    pub(super) async fn keep(&self, gateway: &Gateway, session: &Session) -> Result<(), Refused> {
        Ok(gateway.core.keep_setting(session, name()?, self.json()).await?)
    }

    /// As JSON.
    pub(super) fn json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// What a request sets: the object in `data`, or parameters as in 2010. What it does not name stays.
    pub(super) fn change(&mut self, params: &Params) -> Result<(), Refused> {
        if let Some(data) = params.verbatim("data") {
            let data: Map<String, Value> =
                serde_json::from_str(data).map_err(|_| Refused::bad("data must be a JSON object"))?;
            self.0.extend(data);
            return Ok(());
        }
        let mut given = Map::new();
        for name in FLAGS.into_iter().filter(|name| params.text(name).is_some()) {
            given.insert(name.to_owned(), Value::Bool(params.flag(name)));
        }
        if params.verbatim(BLOCKED).is_some() {
            let rooms = params.list(BLOCKED)?.into_iter().map(|id| Value::String(id.to_owned()));
            given.insert(BLOCKED.to_owned(), rooms.collect());
        }
        if given.is_empty() {
            return Err(Refused::bad("data is missing"));
        }
        self.0.extend(given);
        Ok(())
    }

    /// The rooms that the user does not want to hear of.
    pub(super) fn blocked(&self) -> HashSet<ConversationId> {
        let rooms = self.0.get(BLOCKED).and_then(Value::as_array);
        rooms.into_iter().flatten().filter_map(Value::as_str).filter_map(read_room_id).collect()
    }

    /// Blocks a room, or not any more; false when it is so already.
    pub(super) fn block(&mut self, room: ConversationId, block: bool) -> bool {
        if self.blocked().contains(&room) == block {
            return false;
        }
        let id = Value::String(room_id(room));
        let rooms = self.0.entry(BLOCKED).or_insert_with(|| Value::Array(Vec::new()));
        if !rooms.is_array() {
            *rooms = Value::Array(Vec::new());
        }
        if let Value::Array(rooms) = rooms {
            rooms.retain(|other| *other != id);
            if block {
                rooms.push(id);
            }
        }
        true
    }
}

fn name() -> Result<SettingName, Refused> {
    SettingName::new("webim").map_err(|error| jmessage_core::Error::Name(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(form: &str) -> Params {
        Params::read(None, None, form.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_set_joins_what_was_there() {
        let mut setting = Setting::default();
        setting.change(&params("data={\"play_sound\":true,\"own\":[1]}&ticket=t")).unwrap();
        setting.change(&params("play_sound=false&msg_auto_pop=true&ticket=t")).unwrap();
        assert_eq!(setting.json(), r#"{"msg_auto_pop":true,"own":[1],"play_sound":false}"#);
        for form in ["ticket=t", "data=[]", "data={play_sound:true}"] {
            assert!(Setting::default().change(&params(form)).is_err(), "{form}");
        }
    }

    #[test]
    fn rooms_are_blocked_and_unblocked() {
        let mut setting = Setting::default();
        let (one, two) = (ConversationId(1), ConversationId(2));
        assert!(setting.block(one, true) && setting.block(two, true));
        assert!(!setting.block(one, true), "it is so already");
        assert_eq!(setting.json(), r#"{"blocked_rooms":["_1","_2"]}"#);
        assert!(setting.block(one, false) && !setting.block(one, false));
        assert_eq!(setting.blocked(), HashSet::from([two]));
        setting.change(&params("data={\"blocked_rooms\":\"x\"}")).unwrap();
        assert!(setting.block(one, true));
        assert_eq!(setting.blocked(), HashSet::from([one]), "what made no sense is gone");
    }
}
