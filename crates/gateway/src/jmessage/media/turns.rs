//! How much of the server one user may keep busy.

use super::answer::Failure;
use jmessage_core::Error;
use jmessage_model::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// A turn, given back when it is dropped.
pub(super) type Turn = OwnedSemaphorePermit;

/// A turn of `turns`, if there is one before `until`; busy otherwise.
pub(super) async fn turn(turns: &Arc<Semaphore>, until: Instant) -> Result<Turn, Failure> {
    let turn = timeout_at(until, turns.clone().acquire_owned()).await.map_err(|_| Failure::busy())?;
    turn.map_err(|_| Error::Unavailable.into())
}

/// One turn for each user. Whoever asks for more waits behind his own and never before those of others.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<UserId, Weak<Semaphore>>>);

impl Turns {
    /// The turns of one user, for [`turn`]; forgotten once nobody holds or awaits one.
    pub(super) fn of(&self, user: UserId) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = all.get(&user).and_then(Weak::upgrade) {
            return turns;
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Semaphore::new(1));
        all.insert(user, Arc::downgrade(&turns));
        turns
    }
}

/// Places: so many in all, and some of them for one user.
pub(super) struct Places {
    all: usize,
    each: usize,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place, given back when it is dropped.
pub(super) struct Place {
    user: UserId,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Places {
    pub(super) fn new(all: usize, each: usize) -> Self {
        Self { all, each, taken: Arc::default() }
    }

    pub(super) fn take(&self, user: UserId) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.all || taken.get(&user).is_some_and(|own| *own >= self.each)
        {
            return None;
        }
        *taken.entry(user).or_default() += 1;
        Some(Place { user, taken: self.taken.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn one_user_does_not_take_every_place() {
        let places = Places::new(6, 4);
        let (alice, bobby) = (UserId(1), UserId(2));
        let mut of_alice: Vec<_> = (0..4).map(|_| places.take(alice)).collect();
        assert!(of_alice.iter().all(Option::is_some) && places.take(alice).is_none());
        let of_bobby = [places.take(bobby), places.take(bobby)];
        assert!(of_bobby.iter().all(Option::is_some) && places.take(bobby).is_none(), "all are taken");
        of_alice.pop();
        assert!(places.take(UserId(3)).is_some(), "a place is given back");
        drop((of_alice, of_bobby));
        assert!(places.taken.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn one_user_waits_for_himself_and_is_told_when_that_takes_too_long() {
        let (turns, within) = (Turns::default(), Duration::from_secs(15));
        let (alice, bobby) = (UserId(1), UserId(2));
        let until = Instant::now() + within;
        let first = turn(&turns.of(alice), until).await.unwrap();
        assert_eq!(turn(&turns.of(alice), until).await.err(), Some(Failure::busy()));
        assert_eq!(Instant::now(), until);
        let other = turn(&turns.of(bobby), until).await;
        assert!(other.is_ok(), "another user does not wait");
        drop((first, other));
        assert!(turn(&turns.of(alice), until).await.is_ok());
        drop(turns.of(bobby));
        turns.of(UserId(3));
        assert_eq!(turns.0.lock().unwrap().len(), 1, "who waits for nothing is forgotten");
    }
}
