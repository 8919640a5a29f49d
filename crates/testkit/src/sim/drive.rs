//! The scheduler: when it is time for a step of the plan, what arrives, what is due; and the verdict in the end.

pub use super::server::Stage;
use super::{
    clock,
    counts::Counts,
    disk::{Disk, Outage, Power},
    link::{Network, Packet},
    page::{Around, Page},
    plan::Plan,
    random::Random,
    server::{Config, Server, USERS, name},
    trace::Trace,
};
use crate::history::{Event, PageId, Promise, Violation, check, read_logs};
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::{
    select,
    time::{sleep_until, timeout},
};

/// After the last step everything has this long to come to rest: enough for every time limit in a row.
const SETTLE: u64 = 240_000;

/// What came of a plan.
#[derive(Debug)]
pub struct Outcome {
    /// The promises that were broken.
    pub violations: Vec<Violation>,
    /// What everybody saw.
    pub history: Vec<Event>,
    /// A number that is another one whenever anything in the history, a frame or a moment was.
    pub hash: u64,
    /// What the run was made of.
    pub counts: Counts,
    /// Each line of the trace, if it was asked for.
    pub lines: Vec<String>,
}

/// Runs a plan from its beginning to its verdict. Fails only if the simulation itself cannot go on.
pub fn run(stage: &Stage, plan: &Plan, keep_lines: bool) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        clock::start(plan.seed);
        let mut world = World::new(stage, plan, keep_lines)?;
        world.play().await?;
        world.end().await
    })
}

/// Everything there is.
pub(super) struct World<'a> {
    plan: &'a Plan,
    pub(super) stage: &'a Stage,
    data: tempfile::TempDir,
    pub(super) trace: Trace,
    pub(super) network: Network,
    pub(super) disk: Disk,
    server: Option<Server>,
    /// When the server is started again.
    start_at: Option<u64>,
    starts: u64,
    pub(super) pages: Vec<Option<Page>>,
    opened: u32,
    pub(super) groups: Vec<u64>,
    pub(super) said: u64,
    counts: Counts,
}

/// Calls a page with what is around it.
macro_rules! on {
    ($world:ident, $at:expr, $page:ident, $around:ident => $do:expr) => {
        if let Some(Some($page)) = $world.pages.get_mut($at) {
            let $around = &mut $crate::sim::page::Around {
                network: &$world.network,
                trace: &mut $world.trace,
                app: &$world.stage.app,
                groups: &mut $world.groups,
            };
            $do;
        }
    };
}
pub(super) use on;

impl<'a> World<'a> {
    fn new(stage: &'a Stage, plan: &'a Plan, keep_lines: bool) -> Result<Self> {
        let (data, network) = (stage.data()?, Network::new(plan.seed));
        let mut world = Self {
            plan,
            stage,
            disk: Disk::new(data.path().to_owned(), network.clone()),
            data,
            trace: Trace::new(keep_lines),
            network,
            server: None,
            start_at: None,
            starts: 0,
            pages: plan.pages.iter().map(|_| None).collect(),
            opened: 0,
            groups: Vec::new(),
            said: 0,
            counts: Counts::default(),
        };
        world.start()?;
        Ok(world)
    }

    fn start(&mut self) -> Result<()> {
        self.start_at = None;
        self.starts += 1;
        self.network.lock().dark = false;
        let config = Config {
            seed: self.plan.seed,
            data: self.data.path().to_owned(),
            queue: self.plan.queue,
            unindexed: self.plan.unindexed,
        };
        let server = Server::start(&config, self.starts, self.disk.clone())?;
        self.server = Some(server);
        self.trace.event(Event::ServerUp);
        Ok(())
    }

    /// From the first step until everything has come to rest.
    async fn play(&mut self) -> Result<()> {
        let mut steps = self.plan.steps.iter().peekable();
        let end = self.plan.end();
        let mut healed = false;
        loop {
            let now = clock::now();
            while let Some(step) = steps.next_if(|step| step.at <= now) {
                self.trace.line(format_args!("{:?}", step.act));
                self.step(&step.act).await?;
            }
            if !healed && now >= end {
                healed = true;
                self.heal();
            }
            if healed && now < end + SETTLE / 2 {
                self.somebody_for_everyone();
            }
            if now >= end + SETTLE {
                return Ok(());
            }
            if let Some(outage) = self.disk.take_outage() {
                self.outage(outage).await?;
            }
            if self.start_at.is_some_and(|at| at <= now) {
                self.start()?;
            }
            self.arrivals();
            self.ticks();
            // Whatever was woken runs before time goes on.
            let next =
                [steps.peek().map(|step| step.at), self.due(), self.start_at, (!healed).then_some(end)];
            let next = next.into_iter().flatten().min().unwrap_or(end + SETTLE).min(end + SETTLE);
            select! {
                biased;
                () = self.network.moved.notified() => {}
                () = sleep_until(clock::moment(next)) => {}
            }
            tokio::task::yield_now().await;
        }
    }

    fn due(&self) -> Option<u64> {
        let pages = self.pages.iter().flatten().filter_map(Page::due);
        pages.chain(self.network.lock().due()).chain(self.disk.due()).min()
    }

    /// The server is gone, or its power.
    async fn outage(&mut self, outage: Outage) -> Result<()> {
        match outage {
            Outage::Ended { down } => self.crash(down, None).await,
            Outage::Power(power) => self.crash(power.down, Some(power)).await,
        }
    }

    /// The server dies, if there is one; with `power`, its machine dies, whether it serves or not.
    pub(super) async fn crash(&mut self, down: u64, power: Option<Power>) -> Result<()> {
        let server = self.server.take();
        if server.is_none() && power.is_none() {
            return Ok(());
        }
        {
            let mut net = self.network.lock();
            net.dark = true;
            for link in 0..net.links.len() {
                if std::mem::take(&mut net.links[link].served) {
                    // A machine that is gone says nothing; one that lives closes what a dead program had open.
                    if power.is_some() { net.swallow(link, true, true) } else { net.cut(link) }
                }
            }
        }
        // Whoever closes the store properly takes the log over; who dies does not.
        let image = self.disk.image(power)?;
        if let Some(server) = server {
            self.counts.cuts += server.cuts();
            server.die().await;
            self.trace.event(Event::ServerDown);
        }
        self.disk.put(&image)?;
        self.start_at = self.start_at.max(Some(clock::now() + down));
        Ok(())
    }

    /// Every packet and goodbye that is due.
    fn arrivals(&mut self) {
        let links = self.network.lock().links.len();
        for link in 0..links {
            loop {
                let packet = self.network.lock().arrive_up(link);
                match packet {
                    Some(Packet::Hello) => self.greet(link),
                    Some(_) => {}
                    None => break,
                }
            }
        }
        for at in 0..self.pages.len() {
            while let Some(Some(page)) = self.pages.get(at) {
                let Some(link) = page.link else { break };
                let Some(packet) = self.network.lock().arrive_down(link) else { break };
                on!(self, at, page, around => page.arrive(packet, around));
            }
        }
    }

    /// A page asks for a connection.
    fn greet(&mut self, link: usize) {
        let taken = self.server.as_mut().is_some_and(|server| server.accept(&self.network, link));
        let answer = if taken { Packet::Welcome } else { Packet::Refused };
        self.network.lock().send_down(link, answer);
    }

    fn ticks(&mut self) {
        for at in 0..self.pages.len() {
            let is_due = |page: &Page| page.due().is_some_and(|due| due <= clock::now());
            if self.pages[at].as_ref().is_some_and(is_due) {
                on!(self, at, page, around => page.tick(around));
            }
        }
    }

    /// Every fault that has an end ends.
    fn heal(&mut self) {
        self.trace.line(format_args!("peace"));
        self.disk.heal();
        self.network.lock().heal();
        for page in self.pages.iter_mut().flatten() {
            page.asleep = 0;
        }
        if self.server.is_none() {
            self.start_at = Some(clock::now());
        }
    }

    /// Every user has a page that wants to be logged in: one that was kicked logs in if there is no other.
    fn somebody_for_everyone(&mut self) {
        for user in 0..USERS {
            let of_user: Vec<_> = (0..self.pages.len()).filter(|at| self.plan.pages[*at] == user).collect();
            let wants = |at: &usize| self.pages[*at].as_ref().is_some_and(|page| page.wants);
            if of_user.iter().any(wants) {
                continue;
            }
            if let Some(at) = of_user.first().copied() {
                if self.pages[at].is_none() {
                    self.open(at, None);
                }
                on!(self, at, page, around => page.login(around));
            }
        }
    }

    /// Opens a page; with `seed`, as a copy of another.
    pub(super) fn open(&mut self, at: usize, seed: Option<u64>) {
        let Some(user) = self.plan.pages.get(at).copied() else { return };
        let id = PageId(self.opened);
        self.opened += 1;
        let seed = seed.unwrap_or_else(|| Random::new(self.plan.seed, "page", id.0.into()).next());
        let around = &mut Around {
            network: &self.network,
            trace: &mut self.trace,
            app: &self.stage.app,
            groups: &mut self.groups,
        };
        self.pages[at] = Some(Page::open(id, user, seed, self.plan.patient, around));
    }

    /// Closes a page; its seed.
    pub(super) fn close(&mut self, at: usize, dies: bool) -> Option<u64> {
        let mut seed = None;
        on!(self, at, page, around => {
            seed = Some(page.seed);
            around.trace.event(Event::Closed { page: page.id });
            if let Some(link) = page.link.filter(|_| dies) {
                around.network.lock().swallow(link, true, true);
            }
            page.drop_link(around, Packet::Reset);
        });
        if let Some(place) = self.pages.get_mut(at) {
            *place = None;
        }
        seed
    }

    /// The server stops while the world goes on, and the scheduler with it.
    pub(super) async fn stop(&mut self, down: u64) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        self.trace.event(Event::Struck { page: None, until: u64::MAX });
        let network = self.network.clone();
        let outage = {
            let mut stopping = std::pin::pin!(server.stop());
            loop {
                self.arrivals();
                self.ticks();
                let next = self.due().unwrap_or(u64::MAX).min(clock::now() + 1_000);
                let stopped = select! {
                    biased;
                    () = &mut stopping => true,
                    () = network.moved.notified() => false,
                    () = sleep_until(clock::moment(next)) => false,
                };
                let outage = self.disk.take_outage();
                if stopped || outage.is_some() {
                    break outage;
                }
            }
        };
        if let Some(outage) = outage {
            // It does not come to its end.
            self.server = Some(server);
            return self.outage(outage).await;
        }
        self.counts.cuts += server.cuts();
        drop(server);
        self.disk.closed();
        self.trace.event(Event::ServerDown);
        self.start_at = Some(clock::now() + down);
        Ok(())
    }

    /// The server dies once more, the logs are read, and everything is judged.
    async fn end(mut self) -> Result<Outcome> {
        self.trace.clock();
        let mut violations = self.unrest();
        let dying = self.crash(0, None);
        timeout(Duration::from_hours(1), dying).await.context("the server does not die")??;
        let logs = read_logs(self.data.path())?;
        violations.extend(check(&self.trace.history, &logs, true));
        for log in &logs {
            self.trace.line(format_args!("{log:?}"));
        }
        let unfenced = self.disk.take_unfenced();
        violations.extend(unfenced.into_iter().map(|what| Violation { promise: Promise::D6, what }));
        let count =
            |is: fn(&Event) -> bool| self.trace.history.iter().filter(|event| is(event)).count() as u64;
        let tally = self.disk.tally();
        let counts = Counts {
            messages: count(|event| matches!(event, Event::Told { .. })),
            received: count(|event| matches!(event, Event::Received { .. })),
            failures: count(|event| matches!(event, Event::Failed { .. })),
            kicks: count(|event| matches!(event, Event::Kicked { .. })),
            commits: tally.commits,
            failed_commits: tally.failed_commits,
            lost_commits: tally.lost,
            syncs: tally.syncs,
            failed_syncs: tally.failed_syncs,
            server_starts: self.starts,
            ..self.counts
        };
        let Trace { history, hash, lines, .. } = self.trace;
        Ok(Outcome { violations, history, hash, counts, lines: lines.unwrap_or_default() })
    }

    /// What should have come to rest and has not.
    fn unrest(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        for page in self.pages.iter().flatten() {
            if page.wants && !page.logged_in {
                let what = format!("{} of {} is not logged in in the end", page.id, name(page.user));
                found.push(Violation { promise: Promise::D4, what });
            }
            if page.unanswered() > 0 {
                let what = format!("{} waits for {} messages in the end", page.id, page.unanswered());
                found.push(Violation { promise: Promise::D1, what });
            }
        }
        found
    }
}
