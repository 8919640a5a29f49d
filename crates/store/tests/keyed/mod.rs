//! Groups with a name that a site gave them, groups that are handed on, and what is said in a user's name.

use crate::fixture::Store;
use jmessage_core::{
    Destination,
    port::{Author, Done, GroupWrite, Op, Refusal},
};
use jmessage_model::{AppId, GroupKey, Platform, Seq};

#[test]
fn a_group_is_found_by_the_key_that_its_site_gave_it_until_it_is_dissolved() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let key = |key| GroupKey::new(key).unwrap();
    let room = store.create_keyed_group(&alice, "room1");
    store.create_group(&alice, "room1");
    assert_eq!(store.reader.keyed_group(store.app, &key("room1")).unwrap(), Some(room));
    assert_eq!(store.reader.keyed_group(store.app, &key("Room1")).unwrap(), None, "case counts");
    assert_eq!(store.reader.keyed_group(AppId(99), &key("room1")).unwrap(), None, "of another App");
    assert_eq!(store.reader.group(room).unwrap().unwrap().card.key, Some(key("room1")));
    store.say(&alice, room, "hello").unwrap();
    let entries = store.reader.entries(alice.fence.user, room, Seq(0), 9).unwrap();
    let keys = entries.iter().map(|entry| match &entry.to {
        Destination::Group(card) => card.key.clone(),
        Destination::User(_) => None,
    });
    assert_eq!(keys.collect::<Vec<_>>(), vec![Some(key("room1")); 2], "entries tell it as well");
    store.reopen();
    assert_eq!(store.reader.keyed_group(store.app, &key("room1")).unwrap(), Some(room));
    let alice = store.open("alice");
    store.dissolve(&alice, room, &[&alice]);
    assert_eq!(store.reader.keyed_group(store.app, &key("room1")).unwrap(), None);
    let again = store.create_keyed_group(&bobby, "room1");
    assert_ne!(again, room);
    assert_eq!(store.reader.keyed_group(store.app, &key("room1")).unwrap(), Some(again), "the key was free");
}

#[test]
fn a_group_belongs_to_whom_it_was_handed() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    store.create_keyed_group(&bobby, "room1");
    assert_eq!(store.reader.owned(bobby.fence.user).unwrap(), 0, "a room of a site does not count");
    let room = store.create_group(&alice, "team");
    assert_eq!(store.reader.owned(alice.fence.user).unwrap(), 1);
    store.members(&alice, room, &[&bobby], &[]);
    let mut op = store.members_op(&alice, room, &[], &[&alice], false);
    if let Op::Group { change: GroupWrite::Members { owner, .. }, .. } = &mut op {
        *owner = Some(bobby.fence.user);
    }
    assert!(matches!(store.apply(op), Ok(Done::Appended(_))));
    let group = store.reader.group(room).unwrap().unwrap();
    assert_eq!((group.owner, group.members.ids()), (bobby.fence.user, &[bobby.fence.user][..]));
    assert_eq!(store.reader.owned(alice.fence.user).unwrap(), 0);
    assert_eq!(store.reader.owned(bobby.fence.user).unwrap(), 1);
}

#[test]
fn what_an_app_says_in_a_users_name_needs_no_session() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let later = store.open("alice");
    assert_eq!(store.append(&alice, &bobby, "k1", "fenced"), Err(Refusal::Fenced));
    let mut op = store.append_op(&alice, &bobby, "k1", "said for her");
    if let Op::Append { by, .. } = &mut op {
        *by = Author::App { user: alice.fence.user, platform: Platform::Poller };
    }
    let Ok(Done::Appended(first)) = store.apply(op.clone()) else { panic!("not appended") };
    let Ok(Done::Appended(again)) = store.apply(op) else { panic!("not appended") };
    assert_eq!((first.id, first.fresh, again.id, again.fresh), (first.id, true, first.id, false));
    let entry = store.reader.entries(bobby.fence.user, first.conversation, Seq(0), 9).unwrap().remove(0);
    assert_eq!((entry.sender.id, entry.platform), (alice.fence.user, Platform::Poller));
    assert!(store.append(&later, &bobby, "k2", "her own").unwrap().fresh, "her session goes on");
}
