//! How much may wait. Beyond that a command is refused at once: whoever asks too early is told so and asks again, instead
//! of waiting behind all others for longer and longer.
//!
//! Acknowledgements, goodbyes and the operator's changes are always let in; sessions have few of them under way.

use crate::{Command, Error};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Commands that wait for the writer when another one is refused: eight transactions.
pub(crate) const COMMANDS: usize = 4096;
/// Bytes of the messages among them.
const BYTES: usize = 32 << 20;
/// Logins and resumptions under way: what the writer and the readers get done in a second or two.
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

    /// A place for a login or resumption.
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
        Command::Acknowledge { .. }
        | Command::End { .. }
        | Command::Leave { .. }
        | Command::Change { .. }
        | Command::Stop => false,
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
        Command::Group { .. }
        | Command::Open { .. }
        | Command::Acknowledge { .. }
        | Command::End { .. }
        | Command::Leave { .. }
        | Command::Change { .. }
        | Command::Show { .. }
        | Command::Typing { .. }
        | Command::Stop => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let (answer, _) = tokio::sync::oneshot::channel();
        let change = Command::Change { op: crate::port::Op::KeepKey(crate::CapabilityKey([0; 32])), answer };
        assert_eq!(admission.admit(&change), Ok(()));
        admission.enter(&change);
        assert_eq!(admission.waiting(), COMMANDS + 1);
        admission.leave(&[change]);
        assert_eq!(admission.waiting(), COMMANDS);
    }
}
