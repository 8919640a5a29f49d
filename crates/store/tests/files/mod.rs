//! Files: who reaches them, what room they take, when they go.

use crate::fixture::Store;
use jmessage_core::{
    CapabilityKey,
    port::{Done, FileWrite, Op, Reader, Refusal, Target},
};
use jmessage_model::{Content, FileId, Media, Millis, Seq};
use std::sync::Arc;

fn reaches(reader: &Arc<dyn Reader>, media: Media, user: &crate::fixture::Open) -> bool {
    reader.was_sent_to(media.file, user.fence.user).unwrap()
}

#[test]
fn a_file_is_found_as_it_was_uploaded() {
    let mut store = Store::new();
    let alice = store.open("alice");
    let media = store.upload(&alice, 1, 10, 5).unwrap();
    store.reopen();
    let found = store.reader.file(media.file).unwrap().unwrap();
    assert_eq!((found.media, found.owner, found.created), (media, alice.fence.user, Millis(5)));
    assert_eq!(store.reader.file(FileId([2; 16])).unwrap(), None);
}

#[test]
fn a_file_reaches_the_present_members_of_every_conversation_it_was_sent_to() {
    let mut store = Store::new();
    let users = ["alice", "bobby", "carol", "david"].map(|name| store.open(name));
    let [alice, bobby, carol, david] = &users;
    let media = store.upload(alice, 1, 10, 5).unwrap();
    assert!(!reaches(&store.reader, media, bobby));
    store.send_file(alice, Target::User(bobby.fence.user), "k1", media).unwrap();
    let group = store.create_group(bobby, "friends");
    store.members(bobby, group, &[carol, david], &[]);
    assert_eq!(users.each_ref().map(|user| reaches(&store.reader, media, user)), [true, true, false, false]);
    store.send_file(bobby, Target::Group(group), "k2", media).unwrap();
    assert_eq!(users.each_ref().map(|user| reaches(&store.reader, media, user)), [true, true, true, true]);
    store.members(bobby, group, &[], &[david]);
    store.reopen();
    assert_eq!(users.each_ref().map(|user| reaches(&store.reader, media, user)), [true, true, true, false]);
    store.dissolve(bobby, group, &[bobby, carol]);
    assert_eq!(users.each_ref().map(|user| reaches(&store.reader, media, user)), [true, true, false, false]);
}

#[test]
fn a_message_with_a_file_reads_back_and_its_repetition_is_recognised() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let media = store.upload(&alice, 1, 10, 5).unwrap();
    let to = Target::User(bobby.fence.user);
    let Ok(Done::Appended(first)) = store.send_file(&alice, to, "k", media) else { panic!("not sent") };
    let Ok(Done::Appended(again)) = store.send_file(&alice, to, "k", media) else { panic!("not sent") };
    assert_eq!((again.id, again.fresh), (first.id, false));
    let entries = store.reader.entries(bobby.fence.user, first.conversation, Seq(0), 10).unwrap();
    assert_eq!(entries.iter().map(|entry| &entry.content).collect::<Vec<_>>(), [&Content::Media(media)]);
    let other = store.upload(&alice, 2, 10, 5).unwrap();
    assert_eq!(store.send_file(&alice, to, "k", other), Err(Refusal::KeyReused));
}

#[test]
fn a_refused_message_does_not_send_its_file() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    store.append(&alice, &bobby, "k", "hello").unwrap();
    let media = store.upload(&alice, 1, 10, 5).unwrap();
    let to = Target::User(bobby.fence.user);
    assert_eq!(store.send_file(&alice, to, "k", media), Err(Refusal::KeyReused));
    assert!(!reaches(&store.reader, media, &bobby));
    let missing = Media { file: FileId([7; 16]), ..media };
    assert_eq!(store.send_file(&alice, to, "k2", missing), Err(Refusal::NoSuchFile));
    assert_eq!(store.append(&alice, &bobby, "k2", "free").unwrap().seq, Seq(2));
}

#[test]
fn the_files_of_a_user_take_no_more_room_than_allowed() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    assert_eq!(store.upload(&alice, 1, Store::QUOTA + 1, 5), Err(Refusal::StorageFull));
    let first = store.upload(&alice, 1, 60, 5).unwrap();
    assert_eq!(store.upload(&alice, 2, 41, 5), Err(Refusal::StorageFull));
    assert_eq!(store.reader.file(FileId([2; 16])).unwrap(), None, "what is refused leaves no trace");
    store.upload(&alice, 2, 40, 5).unwrap();
    store.upload(&bobby, 3, 100, 5).unwrap();
    store.apply(Op::File(FileWrite::Drop(first.file))).unwrap();
    assert_eq!(store.upload(&alice, 4, 1, 5), Err(Refusal::StorageFull), "its bytes are still there");
    for _ in 0..2 {
        store.apply(Op::File(FileWrite::Forget(first.file))).unwrap();
    }
    store.upload(&alice, 4, 60, 5).unwrap();
    assert_eq!(store.upload(&alice, 5, 1, 5), Err(Refusal::StorageFull), "the room was freed once");
}

#[test]
fn a_file_never_sent_can_be_dropped_and_one_that_was_sent_cannot() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let files = [1, 2, 3].map(|name| store.upload(&alice, name, 10, u64::from(name)).unwrap());
    let [old, sent, young] = files;
    let to = Target::User(bobby.fence.user);
    store.send_file(&alice, to, "k", sent).unwrap();
    assert_eq!(store.reader.unsent_files(Millis(3), 10).unwrap(), [old.file]);
    assert_eq!(store.reader.unsent_files(Millis(4), 1).unwrap(), [old.file]);
    assert_eq!(store.reader.unsent_files(Millis(4), 10).unwrap(), [old.file, young.file]);
    assert_eq!(store.apply(Op::File(FileWrite::Drop(sent.file))), Err(Refusal::NoSuchFile));
    store.apply(Op::File(FileWrite::Drop(old.file))).unwrap();
    assert_eq!(store.reader.file(old.file).unwrap(), None, "nobody finds it any more");
    assert_eq!(store.send_file(&alice, to, "k2", old), Err(Refusal::NoSuchFile));
    assert_eq!(store.reader.unsent_files(Millis(3), 10).unwrap(), [old.file], "until its bytes are gone");
    store.apply(Op::File(FileWrite::Forget(old.file))).unwrap();
    store.apply(Op::File(FileWrite::Forget(sent.file))).unwrap();
    assert_eq!(store.reader.unsent_files(Millis(3), 10).unwrap(), []);
    assert!(store.reader.file(sent.file).unwrap().is_some());
}

#[test]
fn the_first_key_of_capabilities_is_kept() {
    let mut store = Store::new();
    assert_eq!(store.reader.capability_key().unwrap(), None);
    for byte in [1, 2] {
        store.apply(Op::KeepKey(CapabilityKey([byte; 32]))).unwrap();
    }
    store.reopen();
    assert_eq!(store.reader.capability_key().unwrap(), Some(CapabilityKey([1; 32])));
}
