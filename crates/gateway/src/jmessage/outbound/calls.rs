//! The answers to the calls about users and groups, in the words of the JMessage API.

use super::time;
use jmessage_core::port::{GroupListing, GroupRecord, ProfileRecord};
use jmessage_model::Username;
use jmessage_proto::MAX_ANSWER;
use serde_json::{Value, json};

/// What an answer may take of a frame, in bytes.
const ROOM: usize = MAX_ANSWER - 1024;

/// What `createGroup` and `updateGroupInfo` answer.
pub(crate) fn group_summary(group: &GroupRecord) -> Value {
    json!({
        "groupName": group.card.name.as_str(),
        "groupDescription": group.description.as_str(),
        "groupLevel": group.capacity,
        "flag": 0,
        "gid": group.card.id.0,
    })
}

/// A user as others see it; what is not known is left out.
pub(crate) fn profile(record: &ProfileRecord) -> Value {
    let profile = &record.profile;
    let mut value = json!({
        "username": record.card.name.as_str(),
        "mtime": time(record.modified),
        "ctime": time(record.created),
    });
    let nickname = Some(record.card.nickname.as_str()).filter(|nickname| !nickname.is_empty());
    let known: [(&str, Option<Value>); 7] = [
        ("nickname", nickname.map(Value::from)),
        ("star", profile.star.map(Value::from)),
        ("avatar", profile.avatar.as_ref().map(|path| path.as_str().into())),
        ("gender", profile.gender.map(|gender| (gender as u8).into())),
        ("signature", profile.signature.as_ref().map(|text| text.as_str().into())),
        ("region", profile.region.as_ref().map(|text| text.as_str().into())),
        ("address", profile.address.as_ref().map(|text| text.as_str().into())),
    ];
    for (name, known) in known {
        if let Some(known) = known {
            value[name] = known;
        }
    }
    value
}

/// What `getGroupInfo` answers; the owner is the member with flag 1. `members` are those after the first `start`. When
/// not all the rest fit in a frame, those that do are told, and `memberCount` says how many there are.
pub(crate) fn group_info(group: &GroupRecord, start: usize, members: &[ProfileRecord]) -> Value {
    let member = |member: &ProfileRecord| {
        let mut value = profile(member);
        value["flag"] = u8::from(member.card.id == group.owner).into();
        value
    };
    let mut info = json!({
        "gid": group.card.id.0,
        "ownerUsername": owner(group),
        "groupName": group.card.name.as_str(),
        "groupDesc": group.description.as_str(),
        "groupLevel": group.capacity,
    });
    let members = fitting(members.iter().map(member), ROOM.saturating_sub(size_of(&info)));
    let count = group.members.cards().len();
    if start + members.len() < count || start > 0 {
        info["memberCount"] = count.into();
    }
    info["members"] = members.into();
    info
}

/// What `getGroupList` answers. When it does not fit in a frame, each group has an equal share of the room for the
/// names of its members; a group that is told with some of them has a `memberCount`. Groups beyond the frame are left
/// out, those with the highest numbers first.
pub(crate) fn group_list(groups: &[GroupListing]) -> Value {
    let all: Vec<_> = groups.iter().map(|group| listed(group, ROOM)).collect();
    if all.iter().map(size_of).sum::<usize>() + all.len() < ROOM {
        return all.into();
    }
    let bare: usize = groups.iter().map(|group| size_of(&listed(group, 0)) + 1).sum();
    let share = ROOM.saturating_sub(bare) / groups.len().max(1);
    fitting(groups.iter().map(|group| listed(group, share)), ROOM).into()
}

/// One group with as many names of its members as go into `room` bytes.
fn listed(GroupListing { group, size }: &GroupListing, room: usize) -> Value {
    let names = group.members.cards().iter().map(|member| Value::from(member.name.as_str()));
    let names = fitting(names, room);
    let mut value = json!({
        "gid": group.card.id.0,
        "ownerUsername": owner(group),
        "groupName": group.card.name.as_str(),
        "groupDesc": group.description.as_str(),
    });
    if names.len() < *size {
        value["memberCount"] = (*size).into();
    }
    value["membersUsername"] = names.into();
    value
}

/// The first values that go into `room` bytes, with what divides them.
fn fitting(values: impl Iterator<Item = Value>, mut room: usize) -> Vec<Value> {
    values
        .take_while(|value| {
            let left = room.checked_sub(size_of(value) + 1);
            room = left.unwrap_or_default();
            left.is_some()
        })
        .collect()
}

/// The length of a value as text, in bytes.
fn size_of(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither a value nor a counter can fail; if one did, the value would not be told.
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX / 2,
    }
}

fn owner(group: &GroupRecord) -> &str {
    let owner = group.members.cards().iter().find(|member| member.id == group.owner);
    owner.map(|owner| &owner.name).map_or("", Username::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jmessage_core::{GroupCard, UserCard, port::Members};
    use jmessage_model::{
        AppId, AvatarPath, ConversationId, Description, Gender, GroupName, Millis, Nickname, Profile, UserId,
    };
    use std::sync::Arc;

    fn card(id: u64) -> Arc<UserCard> {
        let name = format!("member-{id:0100}");
        let (name, nickname) = (Username::new(&name).unwrap(), Nickname::new(&"昵".repeat(21)).unwrap());
        Arc::new(UserCard { app: AppId(1), id: UserId(id), name, nickname })
    }

    fn group(members: u64) -> GroupRecord {
        GroupRecord {
            card: Arc::new(GroupCard {
                app: AppId(1),
                id: ConversationId(7),
                name: GroupName::new("tGroup").unwrap(),
                key: None,
            }),
            owner: UserId(1),
            description: Description::new(&"\n".repeat(250)).unwrap(),
            capacity: 10_000,
            members: Members::new((1..=members).map(card).collect()),
        }
    }

    /// A member who fills every field.
    fn record(id: u64) -> ProfileRecord {
        let text = || Description::new(&"\"".repeat(250)).ok();
        let profile = Profile {
            avatar: AvatarPath::new("qiniu/image/DDAF7129753ADDB3").ok(),
            gender: Some(Gender::Female),
            star: Some(2),
            signature: text(),
            region: text(),
            address: text(),
        };
        ProfileRecord { card: card(id), profile, created: Millis(0), modified: Millis(0) }
    }

    #[test]
    fn a_huge_group_is_told_in_parts_that_fit_and_say_so() {
        let group = group(10_000);
        let records: Vec<_> = (1..=10_000).map(record).collect();
        let (mut told, mut parts) = (0, 0);
        while told < records.len() {
            let info = group_info(&group, told, &records[told..]);
            assert!(info.to_string().len() < MAX_ANSWER - 256);
            assert_eq!(info["memberCount"], 10_000);
            let members = info["members"].as_array().unwrap();
            assert_eq!(members[0]["username"], records[told].card.name.as_str());
            told += members.len();
            parts += 1;
        }
        assert_eq!(told, 10_000, "nobody is told twice or left out");
        assert!(parts > 10, "{parts}");
    }

    #[test]
    fn a_group_that_fits_is_told_as_the_original_does() {
        let info = group_info(&group(2), 0, &[record(1), record(2)]);
        assert_eq!(info.get("memberCount"), None);
        assert_eq!([&info["members"][0]["flag"], &info["members"][1]["flag"]], [1, 0]);
    }

    #[test]
    fn a_list_that_does_not_fit_has_some_names_of_every_group() {
        let groups: Vec<_> = (0..200).map(|_| GroupListing { group: group(500), size: 500 }).collect();
        let list = group_list(&groups);
        assert!(list.to_string().len() < MAX_ANSWER - 256);
        assert_eq!(list.as_array().unwrap().len(), 200);
        for group in list.as_array().unwrap() {
            assert_eq!(group["memberCount"], 500);
            assert!(group["membersUsername"].as_array().unwrap().len() > 5);
        }
        let some = GroupListing { group: group(3), size: 3 };
        assert_eq!(group_list(&[some])[0].get("memberCount"), None);
    }
}
