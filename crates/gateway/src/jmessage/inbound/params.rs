//! The parameters of a `call`: what pages gave as options. What is wrong with one is said with its name, as the SDK does.

use crate::jmessage::wire::Refused;
use jmessage_model::{ConversationId, Username};
use jmessage_proto::Code;
use serde_json::{Map, Value, value::RawValue};

/// Usernames in one call at most: the event that tells of them fits in a frame.
const MAX_NAMES: usize = 256;

/// An object by its fields; null is as good as absent.
pub(super) struct Params(Map<String, Value>);

impl Params {
    pub(super) fn read(params: &RawValue) -> Result<Self, Refused> {
        serde_json::from_str(params.get())
            .map(Self)
            .map_err(|_| Refused::argument("params must be an object"))
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn required(&self, name: &str) -> Result<&Value, Refused> {
        self.given(name).ok_or_else(|| Refused::argument(format!("{name} is missing")))
    }

    /// A text, if it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.given(name) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refused::argument(format!("{name} must be a string"))),
            None => Ok(None),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, name: &str) -> Result<&str, Refused> {
        self.required(name)?;
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// `groupId`: a group's number, which old pages also give as text.
    pub(super) fn group(&self) -> Result<ConversationId, Refused> {
        let number = match self.required("groupId")? {
            Value::String(digits) => digits.parse().ok(),
            value => value.as_u64(),
        };
        number.map(ConversationId).ok_or_else(|| Refused::argument("groupId must be a number"))
    }

    /// `memberUsernames`.
    pub(super) fn members(&self) -> Result<Vec<Username>, Refused> {
        let problem = || Refused::argument("memberUsernames must be a list of usernames");
        let names = self.required("memberUsernames")?.as_array().ok_or_else(problem)?;
        if names.is_empty() || names.len() > MAX_NAMES {
            return Err(Refused::argument(format!("memberUsernames must have 1 to {MAX_NAMES} names")));
        }
        names.iter().map(|name| username(name.as_str().ok_or_else(problem)?)).collect()
    }

    /// `start`: how many members are passed over, for groups whose members do not fit in one answer.
    pub(super) fn start(&self) -> Result<usize, Refused> {
        let number = |value: &Value| value.as_u64().and_then(|start| usize::try_from(start).ok());
        match self.given("start") {
            Some(value) => number(value).ok_or_else(|| Refused::argument("start must be a number")),
            None => Ok(0),
        }
    }
}

/// A name that nobody can have is one that nobody has.
pub(super) fn username(name: &str) -> Result<Username, Refused> {
    Username::new(name).map_err(|_| Code::NoSuchUser.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(json: &str) -> Params {
        Params::read(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    fn problem<T>(result: Result<T, Refused>) -> String {
        result.err().map(|refused| refused.message).unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_said_by_name() {
        for (json, message) in [
            ("{}", "groupId is missing"),
            (r#"{"groupId":null}"#, "groupId is missing"),
            (r#"{"groupId":"twelve"}"#, "groupId must be a number"),
            (r#"{"groupId":-1}"#, "groupId must be a number"),
            (r#"{"groupId":1.5}"#, "groupId must be a number"),
            (r#"{"groupId":{}}"#, "groupId must be a number"),
        ] {
            assert_eq!(problem(params(json).group()), message, "{json}");
        }
        for (json, message) in [
            ("{}", "memberUsernames is missing"),
            (r#"{"memberUsernames":"p001"}"#, "memberUsernames must be a list of usernames"),
            (r#"{"memberUsernames":["p001",null]}"#, "memberUsernames must be a list of usernames"),
            (r#"{"memberUsernames":[]}"#, "memberUsernames must have 1 to 256 names"),
        ] {
            assert_eq!(problem(params(json).members()), message, "{json}");
        }
        assert_eq!(problem(params("{}").required_text("username")), "username is missing");
        assert_eq!(problem(params(r#"{"groupName":5}"#).text("groupName")), "groupName must be a string");
        assert_eq!(problem(params(r#"{"start":"x"}"#).start()), "start must be a number");
        assert!(Params::read(&RawValue::from_string("[]".to_owned()).unwrap()).is_err());
    }

    #[test]
    fn what_is_right_is_read() {
        let params =
            params(r#"{"groupId":"12","memberUsernames":["p001"],"groupName":"","start":3,"x":null}"#);
        assert_eq!(params.group().unwrap(), ConversationId(12));
        assert_eq!(params.members().unwrap()[0].as_str(), "p001");
        assert_eq!(params.required_text("groupName").unwrap(), "", "empty is not absent");
        assert_eq!((params.text("x").unwrap(), params.start().unwrap()), (None, 3));
    }
}
