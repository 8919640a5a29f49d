//! Tasks that are woken together.
//!
//! A task that is woken while its thread sleeps may run at once, in the place of the one that woke it, and sleep again before it
//! is told the next thing: two switches and a write to a socket for each message. So whoever tells many things wakes those who
//! were told together, each once.

use futures_util::task::AtomicWaker;
use std::{cell::RefCell, marker::PhantomData, task::Waker};

/// How many are held back. Of many, the first should run while what they are told is still in the processor's caches.
const MOST: usize = 16;
/// How often they are told something meanwhile: nobody's queue becomes full only because its reader sleeps.
const TOLD: usize = 32;

thread_local! {
    static HELD: RefCell<Row> = const { RefCell::new(Row { is_holding: false, wakers: Vec::new(), told: 0 }) };
}

/// Whom this thread wakes later. Its room is kept from one time to the next.
struct Row {
    is_holding: bool,
    wakers: Vec<Waker>,
    told: usize,
}

impl Row {
    fn release(&mut self) {
        self.told = 0;
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// Until it is dropped, those whom this thread wakes are held back.
#[must_use]
pub(crate) struct Held(PhantomData<*const ()>);

/// Holds back whoever is woken from now on.
pub(crate) fn hold() -> Held {
    HELD.with_borrow_mut(|row| row.is_holding = true);
    Held(PhantomData)
}

/// Wakes whoever waits there, or holds it back: then nobody waits there any more.
pub(crate) fn wake(waiting: &AtomicWaker) {
    let waker = waiting.take();
    HELD.with(|row| match row.try_borrow_mut() {
        Ok(mut row) if row.is_holding => {
            row.wakers.extend(waker);
            row.told += 1;
            if row.told == TOLD || row.wakers.len() == MOST {
                row.release();
            }
        }
        // While others are released, whoever they wake in their turn is woken at once.
        _ => waker.into_iter().for_each(Waker::wake),
    });
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|row| {
            row.is_holding = false;
            row.release();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        task::Wake,
    };

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    struct Sleeper {
        waiting: AtomicWaker,
        woken: Arc<Count>,
    }

    impl Sleeper {
        fn asleep() -> Self {
            let (waiting, woken) = (AtomicWaker::new(), Arc::new(Count::default()));
            waiting.register(&woken.clone().into());
            Self { waiting, woken }
        }

        fn woken(&self) -> usize {
            self.woken.0.load(SeqCst)
        }
    }

    #[test]
    fn who_is_told_twice_is_woken_once_when_all_is_told() {
        let [alice, bobby] = [(), ()].map(|()| Sleeper::asleep());
        let held = hold();
        for sleeper in [&alice, &bobby, &alice] {
            wake(&sleeper.waiting);
            assert_eq!(sleeper.woken(), 0);
        }
        drop(held);
        assert_eq!([alice.woken(), bobby.woken()], [1, 1]);
        alice.waiting.register(&alice.woken.clone().into());
        wake(&alice.waiting);
        assert_eq!(alice.woken(), 2, "nobody is held back any more");
    }

    #[test]
    fn of_many_the_first_run_before_the_last_are_told() {
        let sleepers: Vec<_> = (0..=MOST).map(|_| Sleeper::asleep()).collect();
        let held = hold();
        for sleeper in &sleepers {
            wake(&sleeper.waiting);
        }
        let woken = || sleepers.iter().map(Sleeper::woken).collect::<Vec<_>>();
        assert_eq!(woken(), [vec![1; MOST], vec![0]].concat());
        drop(held);
        assert_eq!(woken(), vec![1; MOST + 1]);
    }

    #[test]
    fn who_is_told_much_is_woken_before_the_end() {
        let alice = Sleeper::asleep();
        let _held = hold();
        (1..TOLD).for_each(|_| wake(&alice.waiting));
        assert_eq!(alice.woken(), 0);
        wake(&alice.waiting);
        assert_eq!(alice.woken(), 1);
    }

    #[test]
    fn who_is_woken_may_wake_others() {
        struct Chain(Sleeper);
        impl Wake for Chain {
            fn wake(self: Arc<Self>) {
                wake(&self.0.waiting);
            }
        }
        let chain = Arc::new(Chain(Sleeper::asleep()));
        let first = AtomicWaker::new();
        first.register(&chain.clone().into());
        let held = hold();
        wake(&first);
        drop(held);
        assert_eq!(chain.0.woken(), 1);
    }
}
