//! How much may wait. Beyond that a command is refused at once: whoever asks too early is told so and asks again, instead
//! of waiting behind all others for longer and longer.
//!
//! Acknowledgements and goodbyes are always let in, for sessions have few of them under way; so is what the operator or the
//! domain itself changes, and the users whom sites bring once they have a place among logins.

use crate::{
    Command, Error,
    command::Proof,
    port::{FileWrite, Op},
};
use jmessage_model::{ConversationId, Seq};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Commands that wait for the writer when another one is refused: eight transactions.
pub(crate) const COMMANDS: usize = 4096;
/// Bytes of what they bring: messages, settings, names, positions, numbers.
const BYTES: usize = 32 << 20;
/// Logins and resumptions under way, and users whom sites bring: what the writer and the readers get done in a second or two.
const OPENING: usize = 4096;
/// Calls that read, under way.
const READING: usize = 1024;

/// What is waiting or under way.
#[derive(Default)]
pub(crate) struct Admission {
    commands: AtomicUsize,
    bytes: AtomicUsize,
    opening: Arc<AtomicUsize>,
    reading: Arc<AtomicUsize>,
}

/// A place among those under way, until it is dropped.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Admission {
    /// Whether this command may queue up.
    pub(crate) fn admit(&self, command: &Command) -> Result<(), Error> {
        let is_full =
            || self.commands.load(Relaxed) >= COMMANDS || self.bytes.load(Relaxed) + weight(command) > BYTES;
        if is_refusable(command) && is_full() { Err(Error::Busy) } else { Ok(()) }
    }

    /// This command waits from now on.
    pub(crate) fn enter(&self, command: &Command) {
        self.commands.fetch_add(1, Relaxed);
        self.bytes.fetch_add(weight(command), Relaxed);
    }

    /// These do not wait any more.
    pub(crate) fn leave(&self, commands: &[Command]) {
        self.commands.fetch_sub(commands.len(), Relaxed);
        self.bytes.fetch_sub(commands.iter().map(weight).sum(), Relaxed);
    }

    /// How many commands wait.
    pub(crate) fn waiting(&self) -> usize {
        self.commands.load(Relaxed)
    }

    /// A place for a login, a resumption, or a user whom a site brings.
    pub(crate) fn open(&self) -> Result<Place, Error> {
        take(&self.opening, OPENING)
    }

    /// A place for a call that reads.
    pub(crate) fn read(&self) -> Result<Place, Error> {
        take(&self.reading, READING)
    }
}

fn take(places: &Arc<AtomicUsize>, most: usize) -> Result<Place, Error> {
    let place = Place(places.clone());
    if places.fetch_add(1, Relaxed) < most { Ok(place) } else { Err(Error::Busy) }
}

/// Whether whoever sent it can be asked to come back.
fn is_refusable(command: &Command) -> bool {
    match command {
        Command::Send { .. }
        | Command::Post { .. }
        | Command::Group { .. }
        | Command::Open { .. }
        | Command::Watch { .. }
        | Command::Show { .. }
        | Command::Typing { .. }
        | Command::Broadcast { .. }
        | Command::Aside { .. }
        | Command::Look { .. }
        | Command::LookIn { .. } => true,
        Command::Change { op, .. } => weight_for_user(op).is_some(),
        Command::Acknowledge { .. } | Command::End { .. } | Command::Leave { .. } | Command::Stop => false,
    }
}

fn weight(command: &Command) -> usize {
    match command {
        Command::Send { content, .. }
        | Command::Post { content, .. }
        | Command::Broadcast { content, .. }
        | Command::Aside { content, .. } => content.size(),
        Command::Watch { users, groups, .. } | Command::Look { users, groups, .. } => {
            size_of::<u64>() * (users.len() + groups.len())
        }
        Command::LookIn { users, .. } => size_of::<u64>() * users.len(),
        Command::Acknowledge { positions, .. }
        | Command::Open { proof: Proof::Resume { acknowledged: positions, .. }, .. } => {
            size_of::<(ConversationId, Seq)>() * positions.len()
        }
        Command::Change { op, .. } => weight_for_user(op).unwrap_or(0),
        Command::Group { change, .. } => change.size(),
        Command::Open { proof: Proof::Login(_), .. }
        | Command::End { .. }
        | Command::Leave { .. }
        | Command::Show { .. }
        | Command::Typing { .. }
        | Command::Stop => 0,
    }
}

/// The bytes that a change brings which a user causes; none for one of the operator, of a site or of the domain itself.
fn weight_for_user(op: &Op) -> Option<usize> {
    match op {
        Op::KeepSetting { name, value, .. } => Some(name.as_str().len() + value.len()),
        Op::ClearHistory { .. } | Op::DropContact { .. } | Op::File(FileWrite::Create { .. }) => Some(0),
        Op::CreateApp { .. }
        | Op::CreateUser { .. }
        | Op::SetPassword { .. }
        | Op::EditUser { .. }
        | Op::KeepContact { .. }
        | Op::Notify { .. }
        | Op::LetBroadcast { .. }
        | Op::File(FileWrite::Drop(_) | FileWrite::Forget(_))
        | Op::KeepKey(_)
        | Op::Trim(_)
        // These have commands of their own.
        | Op::OpenSession { .. }
        | Op::ResumeSession { .. }
        | Op::EndSession(_)
        | Op::Append { .. }
        | Op::Recall { .. }
        | Op::Group { .. }
        | Op::Acknowledge { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CapabilityKey, GroupChange, Queue, QueueLimits, Session, UserCard,
        port::{Fence, FileRecord, Target},
        token::TokenDigest,
    };
    use jmessage_model::{
        AppId, Epoch, Extent, Facts, FileId, Format, Media, Millis, Nickname, Platform, SettingName, UserId,
        Username,
    };

    fn change(op: Op) -> Command {
        Command::Change { op, answer: tokio::sync::oneshot::channel().0 }
    }

    fn fence() -> Fence {
        Fence { user: UserId(1), platform: Platform::Web, epoch: Epoch(1) }
    }

    fn alice() -> Arc<UserCard> {
        Arc::new(UserCard {
            id: UserId(1),
            app: AppId(1),
            name: Username::new("alice").unwrap(),
            nickname: Nickname::new("").unwrap(),
        })
    }

    fn setting(size: usize) -> Command {
        let name = SettingName::new("webim").unwrap();
        change(Op::KeepSetting { fence: fence(), name, value: "x".repeat(size) })
    }

    fn operators() -> Command {
        change(Op::KeepContact { user: UserId(1), other: UserId(2), label: None })
    }

    #[test]
    fn places_are_given_back_and_never_exceeded() {
        let admission = Admission::default();
        let places: Vec<_> = (0..READING).map(|_| admission.read().unwrap()).collect();
        assert!(matches!(admission.read(), Err(Error::Busy)));
        assert!(admission.open().is_ok(), "logins have places of their own");
        drop(places);
        assert!(admission.read().is_ok());
        assert_eq!(admission.reading.load(Relaxed), 0);
    }

    #[test]
    fn whoever_can_be_asked_to_come_back_is_refused_and_others_are_let_in() {
        let admission = Admission::default();
        for _ in 0..COMMANDS {
            admission.enter(&Command::Stop);
        }
        let key = change(Op::KeepKey(CapabilityKey([0; 32])));
        assert_eq!(admission.admit(&key), Ok(()));
        assert_eq!(admission.admit(&operators()), Ok(()));
        admission.enter(&key);
        assert_eq!(admission.waiting(), COMMANDS + 1);
        admission.leave(&[key]);
        assert_eq!(admission.waiting(), COMMANDS);

        let clear = Op::ClearHistory { fence: fence(), of: Target::User(UserId(2)) };
        let drop = Op::DropContact { fence: fence(), other: UserId(2) };
        let facts =
            Facts { format: Format::Png, size: 1, crc32: 0, extent: Extent::Image { width: 1, height: 1 } };
        let media = Media { file: FileId([0; 16]), facts };
        let record = FileRecord { app: AppId(1), owner: UserId(1), media, created: Millis(0) };
        let create = Op::File(FileWrite::Create { record, quota: 1 });
        for by_user in [setting(1), change(clear), change(drop), change(create)] {
            assert_eq!(admission.admit(&by_user), Err(Error::Busy));
        }
        assert_eq!(admission.admit(&change(Op::File(FileWrite::Forget(FileId([0; 16]))))), Ok(()));
    }

    #[test]
    fn settings_weigh_what_they_bring() {
        let admission = Admission::default();
        let mut waiting = Vec::new();
        while admission.admit(&setting(16 << 10)).is_ok() {
            waiting.push(setting(16 << 10));
            admission.enter(&waiting[waiting.len() - 1]);
        }
        assert_eq!(waiting.len(), BYTES / ((16 << 10) + "webim".len()), "long before there are too many");
        assert_eq!(admission.admit(&operators()), Ok(()));
        admission.leave(&waiting);
        assert_eq!(admission.bytes.load(Relaxed), 0);
        assert_eq!(admission.admit(&setting(16 << 10)), Ok(()));
    }

    #[test]
    fn a_change_of_a_group_weighs_the_users_it_names() {
        let admission = Admission::default();
        let users = vec![Username::new(&"x".repeat(128)).unwrap(); 1000];
        let add = Command::Group {
            session: Arc::new(Session {
                user: alice(),
                fence: fence(),
                queue: Queue::new(QueueLimits::default()),
            }),
            request: 1,
            change: GroupChange::Add { group: ConversationId(1), users },
            at: Millis(0),
        };
        while admission.admit(&add).is_ok() {
            admission.enter(&add);
        }
        assert!((200..=BYTES / 128_000).contains(&admission.waiting()), "{}", admission.waiting());
    }

    #[test]
    fn positions_weigh_what_they_bring_and_are_let_in_where_nobody_can_be_asked_to_come_back() {
        const MANY: usize = BYTES / 16 + 1;
        let admission = Admission::default();
        let user = alice();
        let queue = Queue::new(QueueLimits::default());
        let open = |positions| Command::Open {
            user: user.clone(),
            platform: Platform::Web,
            proof: Proof::Resume {
                token: TokenDigest([0; 32]),
                oldest: Millis(0),
                acknowledged: vec![(ConversationId(1), Seq(1)); positions],
            },
            shown: None,
            queue: queue.clone(),
            at: Millis(0),
            answer: tokio::sync::oneshot::channel().0,
        };
        assert_eq!(admission.admit(&open(1)), Ok(()));
        assert_eq!(admission.admit(&open(MANY)), Err(Error::Busy));
        let session = Arc::new(Session { user: user.clone(), fence: fence(), queue: queue.clone() });
        let acknowledge =
            Command::Acknowledge { session, positions: vec![(ConversationId(1), Seq(1)); MANY] };
        assert_eq!(admission.admit(&acknowledge), Ok(()));
        admission.enter(&acknowledge);
        assert_eq!(admission.bytes.load(Relaxed), 16 * MANY);
        assert_eq!(admission.admit(&open(1)), Err(Error::Busy), "they have taken the room of others");
        admission.leave(&[acknowledge]);
        assert_eq!(admission.bytes.load(Relaxed), 0);
    }
}
