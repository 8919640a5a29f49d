//! What a connection seldom hears: that something is due, and that the server stops.

use std::{
    pin::{Pin, pin},
    task::{Context, Waker},
};
use tokio::{
    sync::watch,
    task::unconstrained,
    time::{Instant, Sleep},
};

/// Completes when the server stops, or has forgotten to say so.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// See the module. Both waits are made once for a connection, and asked again only when another task waits or the alarm was
/// put off: between that, two glances at memory tell whether one of them woke the task.
pub(super) struct Alarm<'a, F: Future> {
    bell: Pin<&'a mut Sleep>,
    /// Until it has completed.
    stopped: Option<Pin<&'a mut F>>,
    stop: &'a watch::Receiver<bool>,
    /// Who both know to wake.
    woken: Option<Waker>,
    /// Whether the stop was told.
    told: bool,
}

impl<'a, F: Future<Output = ()>> Alarm<'a, F> {
    /// `stopped` waits for `stop`, which changes once and was not seen to change.
    pub(super) fn new(
        bell: Pin<&'a mut Sleep>,
        stopped: Pin<&'a mut F>,
        stop: &'a watch::Receiver<bool>,
    ) -> Self {
        Self { bell, stopped: Some(stopped), stop, woken: None, told: false }
    }

    /// Has the task woken by both from now on.
    pub(super) fn arm(&mut self, cx: &mut Context<'_>) {
        if self.woken.as_ref().is_some_and(|woken| woken.will_wake(cx.waker())) {
            return;
        }
        // A task that has done much is made to wait before it is heard; that would be taken for a wait for these.
        let _ = pin!(unconstrained(self.bell.as_mut())).poll(cx);
        let stopped = self.stopped.as_mut().map(|stopped| pin!(unconstrained(stopped.as_mut())).poll(cx));
        if stopped.is_some_and(|stopped| stopped.is_ready()) {
            self.stopped = None;
        }
        self.woken = Some(cx.waker().clone());
    }

    /// Whether it rings, until it is put off.
    pub(super) fn rings(&self) -> bool {
        self.woken.is_some() && self.bell.is_elapsed()
    }

    /// It rings at `due`. Mostly it rings before that already and is put off then, as nothing is done about it here.
    pub(super) fn ring_by(&mut self, due: Instant) {
        if due < self.bell.deadline() || self.rings() {
            self.bell.as_mut().reset(due);
            self.woken = None;
        }
    }

    /// Whether the server stops: told once.
    pub(super) fn tells_stop(&mut self) -> bool {
        let tells = self.is_stopping();
        self.told |= tells;
        tells
    }

    /// Whether something is to be done.
    pub(super) fn wakes(&self) -> bool {
        self.rings() || self.is_stopping()
    }

    fn is_stopping(&self) -> bool {
        let changed = || match self.stop.has_changed() {
            Ok(changed) => changed && *self.stop.borrow(),
            Err(_) => true,
        };
        !self.told && (self.stopped.is_none() || changed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, task::Poll, time::Duration};
    use tokio::{task::consume_budget, time::sleep_until};

    const SECOND: Duration = Duration::from_secs(1);

    async fn waits<F: Future<Output = ()>>(alarm: &mut Alarm<'_, F>) {
        poll_fn(|cx| {
            alarm.arm(cx);
            if alarm.wakes() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_rings_at_its_time_and_after_it_was_put_off_again() {
        let (_sender, stop) = watch::channel(false);
        let start = Instant::now();
        let (bell, stopped) = (pin!(sleep_until(start + 2 * SECOND)), pin!(stopped(stop.clone())));
        let mut alarm = Alarm::new(bell, stopped, &stop);
        assert!(!alarm.rings());
        for (due, rings) in [(3, 2), (3, 3), (9, 9)] {
            alarm.ring_by(start + due * SECOND);
            waits(&mut alarm).await;
            assert!(alarm.rings() && !alarm.tells_stop());
            assert_eq!(start.elapsed().as_secs(), rings);
        }
        alarm.ring_by(start + 20 * SECOND);
        alarm.ring_by(start + 12 * SECOND);
        waits(&mut alarm).await;
        assert_eq!(start.elapsed().as_secs(), 12);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_wakes_and_is_told_once() {
        let (sender, stop) = watch::channel(false);
        let start = Instant::now();
        let (bell, stopped) = (pin!(sleep_until(start + 9 * SECOND)), pin!(stopped(stop.clone())));
        let mut alarm = Alarm::new(bell, stopped, &stop);
        let stops = async {
            tokio::time::sleep(SECOND).await;
            sender.send_replace(true);
        };
        tokio::join!(waits(&mut alarm), stops);
        assert!(alarm.tells_stop() && !alarm.tells_stop() && !alarm.rings());
        assert_eq!(start.elapsed(), SECOND);
        waits(&mut alarm).await;
        assert_eq!(start.elapsed().as_secs(), 9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_before_or_without_a_word_is_heard() {
        let (sender, stop) = watch::channel(true);
        let far = Instant::now() + 9 * SECOND;
        let (bell, before) = (pin!(sleep_until(far)), pin!(stopped(stop.clone())));
        let mut alarm = Alarm::new(bell, before, &stop);
        waits(&mut alarm).await;
        assert!(alarm.tells_stop());
        drop(sender);
        let (bell, gone) = (pin!(sleep_until(far)), pin!(stopped(stop.clone())));
        assert!(Alarm::new(bell, gone, &stop).tells_stop());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_has_done_much_is_woken_too() {
        let (_sender, stop) = watch::channel(false);
        let start = Instant::now();
        let (bell, stopped) = (pin!(sleep_until(start + SECOND)), pin!(stopped(stop.clone())));
        let mut alarm = Alarm::new(bell, stopped, &stop);
        let mut tired = false;
        poll_fn(|cx| {
            while !tired {
                tired = pin!(consume_budget()).poll(cx).is_pending();
            }
            alarm.arm(cx);
            if alarm.wakes() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!(start.elapsed(), SECOND);
    }
}
