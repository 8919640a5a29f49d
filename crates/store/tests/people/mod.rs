//! What users keep beside their messages: contacts, settings, notices, and the right to speak to everybody.

use crate::fixture::{Open, Store};
use jmessage_core::port::{Done, Op, Refusal};
use jmessage_model::{
    AppId, AppKey, ContactLabel, Content, Description, Gender, Millis, Nickname, Noted, Notice, ProfileEdit,
    Seq, SettingName, UserId, Username,
};

fn name(text: &str) -> Username {
    Username::new(text).unwrap()
}

fn keep_setting(open: &Open, name: &str, value: &str) -> Op {
    Op::KeepSetting { fence: open.fence, name: SettingName::new(name).unwrap(), value: value.into() }
}

impl Store {
    fn done(&mut self, op: Op) {
        assert_eq!(self.apply(op), Ok(Done::Nothing));
    }

    fn keep_contact(&mut self, user: UserId, other: UserId, label: Option<&str>) {
        let label = label.map(|label| ContactLabel::new(label).unwrap());
        self.done(Op::KeepContact { user, other, label });
    }

    /// Names and labels of a list.
    fn contacts(&self, user: UserId) -> Vec<(String, String)> {
        let contacts = self.reader.contacts(user).unwrap();
        let parts = contacts.iter().map(|contact| (contact.other.card.name.as_str(), contact.label.as_str()));
        parts.map(|(name, label)| (name.to_owned(), label.to_owned())).collect()
    }

    fn keep_setting(&mut self, open: &Open, name: &str, value: &str) {
        self.done(keep_setting(open, name, value));
    }

    fn setting(&self, user: UserId, name: &str) -> Option<String> {
        self.reader.setting(user, &SettingName::new(name).unwrap()).unwrap()
    }

    fn notify(&mut self, user: UserId, text: &str, link: &str) {
        let notice = Notice::new(text, link).unwrap();
        self.done(Op::Notify { user, notice, at: Millis(7) });
    }

    fn notices(&self, user: UserId, limit: usize) -> Vec<String> {
        let notices = self.reader.notices(user, limit).unwrap();
        notices.iter().map(|notice| format!("{} {}", notice.text(), notice.link())).collect()
    }

    fn people(&self, names: &[&str]) -> Vec<UserId> {
        let names: Vec<_> = names.iter().copied().map(name).collect();
        let people = self.reader.people(self.app, &names).unwrap();
        people.iter().map(|person| person.card.id).collect()
    }

    fn search(&self, text: &str, limit: usize) -> Vec<String> {
        let found = self.reader.search(self.app, &Nickname::new(text).unwrap(), limit).unwrap();
        found.iter().map(|person| person.card.name.as_str().to_owned()).collect()
    }

    /// Users are those of another App from now on; the App they were of before.
    fn begin_another_app(&mut self) -> AppId {
        let (key, secret) = (AppKey::new("second").unwrap(), "secret".into());
        let create = Op::CreateApp { key, name: String::new(), secret, at: Millis(0) };
        let Ok(Done::App(second)) = self.apply(create) else { panic!("no app") };
        std::mem::replace(&mut self.app, second)
    }

    fn others(&mut self) -> [UserId; 3] {
        ["alice", "bobby", "carol"].map(|name| self.user(name))
    }
}

#[test]
fn a_contact_is_put_in_moved_to_another_group_and_taken_out() {
    let mut store = Store::new();
    let [alice, bobby, carol] = store.others();
    store.keep_contact(alice, carol, Some("friends"));
    store.keep_contact(alice, bobby, Some(""));
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        pairs.iter().map(|(name, label)| ((*name).to_owned(), (*label).to_owned())).collect()
    };
    assert_eq!(store.contacts(alice), pairs(&[("bobby", ""), ("carol", "friends")]), "by number");
    assert_eq!(store.contacts(carol), [], "a list is its owner's alone");
    store.keep_contact(alice, carol, Some("work"));
    store.reopen();
    assert_eq!(store.contacts(alice), pairs(&[("bobby", ""), ("carol", "work")]));
    store.keep_contact(alice, bobby, None);
    store.keep_contact(alice, bobby, None);
    assert_eq!(store.contacts(alice), pairs(&[("carol", "work")]), "taking out twice is taking out once");
}

#[test]
fn a_contact_shows_what_it_shows_of_itself_now() {
    let mut store = Store::new();
    let [alice, bobby, _] = store.others();
    store.keep_contact(alice, bobby, Some("friends"));
    let edit = ProfileEdit {
        nickname: Some(Nickname::new("Bob").unwrap()),
        gender: Some(Gender::Male),
        signature: Some(Description::new("here").unwrap()),
        ..ProfileEdit::default()
    };
    store.done(Op::EditUser { user: bobby, edit: Box::new(edit), at: Millis(9) });
    let shown = store.reader.contacts(alice).unwrap().remove(0).other;
    assert_eq!(shown, store.reader.profile(bobby).unwrap().unwrap());
    assert_eq!((shown.card.nickname.as_str(), shown.profile.gender), ("Bob", Some(Gender::Male)));
}

#[test]
fn a_setting_is_replaced_and_belongs_to_one_user_and_one_kind_of_client() {
    let mut store = Store::new();
    let pages = ["alice", "bobby"].map(|name| store.open(name));
    let [alice, bobby] = [0, 1].map(|page: usize| pages[page].fence.user);
    assert_eq!(store.setting(alice, "webim"), None);
    store.keep_setting(&pages[0], "webim", r#"{"a":1}"#);
    store.keep_setting(&pages[0], "other", "");
    store.keep_setting(&pages[1], "webim", "bobby's");
    store.keep_setting(&pages[0], "webim", "小\n\u{1f600}");
    store.reopen();
    assert_eq!(store.setting(alice, "webim").as_deref(), Some("小\n\u{1f600}"));
    assert_eq!(store.setting(alice, "other").as_deref(), Some(""));
    assert_eq!(store.setting(bobby, "webim").as_deref(), Some("bobby's"));
    assert_eq!(store.setting(bobby, "other"), None);
}

#[test]
fn an_older_session_cannot_change_settings_or_contacts() {
    let mut store = Store::new();
    let old = store.open("alice");
    let [alice, bobby, _] = store.others();
    let drop_bobby = |open: &Open| Op::DropContact { fence: open.fence, other: bobby };
    store.keep_contact(alice, bobby, Some("friends"));
    store.keep_setting(&old, "webim", "before");
    let login = Store::login_op(alice, 2);
    let results = store.batch(&[login, keep_setting(&old, "webim", "late"), drop_bobby(&old)]);
    assert!(matches!(results[0], Ok(Done::Session(_))));
    assert_eq!(results[1..], [Err(Refusal::Fenced); 2], "within the batch that replaces it");
    let new = store.open("alice");
    for op in [keep_setting(&old, "webim", "late"), keep_setting(&old, "other", "late"), drop_bobby(&old)] {
        assert_eq!(store.apply(op), Err(Refusal::Fenced));
    }
    assert_eq!(store.setting(alice, "webim").as_deref(), Some("before"));
    assert_eq!(store.setting(alice, "other"), None);
    assert_eq!(store.contacts(alice).len(), 1);

    store.keep_setting(&new, "webim", "in time");
    store.done(drop_bobby(&new));
    store.done(drop_bobby(&new));
    assert_eq!(store.setting(alice, "webim").as_deref(), Some("in time"));
    assert_eq!(store.contacts(alice), []);
    store.done(Op::EndSession(new.fence));
    assert_eq!(store.apply(keep_setting(&new, "webim", "after")), Err(Refusal::Fenced));
    store.keep_contact(alice, bobby, Some("friends"));
    assert_eq!(store.contacts(alice).len(), 1, "the operator needs no session");
}

#[test]
fn notices_come_the_newest_first_and_no_more_than_asked_for() {
    let mut store = Store::new();
    let [alice, bobby, carol] = store.others();
    store.notify(alice, "one", "");
    store.notify(bobby, "other", "/x");
    store.notify(alice, "two", "https://example.com/s?id=5");
    store.reopen();
    store.notify(alice, "three", "");
    assert_eq!(store.notices(alice, 9), ["three ", "two https://example.com/s?id=5", "one "]);
    assert_eq!(store.notices(alice, 2), ["three ", "two https://example.com/s?id=5"]);
    assert_eq!(store.notices(alice, 0), [""; 0]);
    assert_eq!(store.notices(bobby, 9), ["other /x"]);
    assert_eq!(store.notices(carol, 9), [""; 0]);
}

#[test]
fn nobody_may_broadcast_unless_it_was_let_and_then_until_it_is_not_let_any_more() {
    let mut store = Store::new();
    let [alice, bobby, _] = store.others();
    let may = |store: &Store, user| store.reader.may_broadcast(user).unwrap();
    assert!(!may(&store, alice));
    store.done(Op::LetBroadcast { user: alice, may: true });
    store.done(Op::LetBroadcast { user: alice, may: true });
    store.reopen();
    assert_eq!([may(&store, alice), may(&store, bobby), may(&store, UserId(999))], [true, false, false]);
    store.done(Op::LetBroadcast { user: alice, may: false });
    assert!(!may(&store, alice));
}

#[test]
fn people_are_found_by_their_names_in_one_app_and_unknown_names_are_passed_over() {
    let mut store = Store::new();
    let [alice, bobby, _] = store.others();
    let first = store.begin_another_app();
    let namesake = store.user("alice");
    let elsewhere = store.user("elsewhere");
    assert_eq!(store.people(&["alice", "elsewhere", "bobby"]), [namesake, elsewhere]);
    store.app = first;
    assert_eq!(store.people(&["bobby", "nobody", "elsewhere", "alice"]), [bobby, alice]);
    assert_eq!(store.people(&[]), []);
}

#[test]
fn people_are_found_by_what_stands_in_their_names_and_in_no_other_app() {
    let mut store = Store::new();
    let [alice, _, _] = store.others();
    let nicknamed = |store: &mut Store, user, nickname: &str| {
        let edit = ProfileEdit { nickname: Some(Nickname::new(nickname).unwrap()), ..ProfileEdit::default() };
        store.done(Op::EditUser { user, edit: Box::new(edit), at: Millis(1) });
    };
    nicknamed(&mut store, alice, "王小明 100%_\\");
    let first = store.begin_another_app();
    store.user("malice");
    assert_eq!(store.search("l", 9), ["malice"]);
    store.app = first;
    assert_eq!(store.search("l", 9), ["alice", "carol"], "by name");
    assert_eq!(store.search("l", 1), ["alice"]);
    assert_eq!(store.search("BOB", 9), ["bobby"], "case makes no difference");
    for text in ["小明", "100%", "%_", "_\\", "\\", " "] {
        assert_eq!(store.search(text, 9), ["alice"], "{text}: no sign means any other");
    }
    for text in ["小红", "a%e", "b_bby", "%%", "l\\"] {
        assert_eq!(store.search(text, 9), [""; 0], "{text}");
    }
}

#[test]
fn a_text_with_a_note_is_read_as_it_was_written_and_is_another_message_than_the_text_alone() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let noted = |text: &str, note: &str| {
        Content::Noted(Box::new(Noted { text: text.to_owned(), note: note.to_owned() }))
    };
    let send = |store: &mut Store, key: &str, said: &Content| {
        let mut op = store.append_op(&alice, &bobby, key, "");
        if let Op::Append { content, .. } = &mut op {
            *content = said.clone();
        }
        store.apply(op)
    };
    let said = [noted("two\nlines", "color:red"), noted("\n", ""), Content::Text("color:red\ntwo".into())];
    for (key, content) in ["k1", "k2", "k3"].into_iter().zip(&said) {
        assert!(matches!(send(&mut store, key, content), Ok(Done::Appended(_))));
    }
    let log = store.behind(bobby.fence.user)[0].0;
    let read = |store: &Store, open: &Open| -> Vec<_> {
        let entries = store.reader.entries(open.fence.user, log, Seq(0), 9).unwrap();
        entries.into_iter().map(|entry| entry.content).collect()
    };
    assert_eq!(read(&store, &bobby), said);
    store.reopen();
    assert_eq!(read(&store, &bobby), said);
    assert!(matches!(send(&mut store, "k1", &said[0]), Ok(Done::Appended(appended)) if !appended.fresh));
    for other in [noted("two\nlines", "color:blue"), Content::Text("two\nlines".into())] {
        assert_eq!(send(&mut store, "k1", &other), Err(jmessage_core::port::Refusal::KeyReused));
    }
}
