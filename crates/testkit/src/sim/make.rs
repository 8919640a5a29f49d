//! From a seed to a plan: who is there, what they say, and which of the faults strike.

use super::{
    plan::{Act, Plan, Step},
    random::Random,
    server::USERS,
};

/// A fault, or something users do that is as good as one, for a page at a moment.
type Strike = fn(&mut Random, usize) -> Act;

/// All of them. A plan has some kinds and not others: where everything strikes, nothing gets far.
const STRIKES: [Strike; 24] = [
    |_, page| Act::Cut { page },
    |_, page| Act::Cut { page },
    |r, page| Act::Swallow { page, up: true, down: r.percent(50) },
    |r, page| Act::Swallow { page, up: r.percent(30), down: true },
    |r, page| Act::Slow { page, ms: r.between(100, 30_000) },
    |r, page| Act::Slow { page, ms: r.between(3_000, 60_000) },
    |r, page| Act::Sleep { page, ms: r.between(1_000, 120_000) },
    |r, page| Act::Leap { page, ms: r.between(1_000, 600_000) },
    |_, page| Act::Online { page },
    |r, page| Act::Partition { page, ms: r.between(500, 60_000) },
    |r, _| Act::Outage { ms: r.between(500, 60_000) },
    |r, page| Act::Close { page, dies: r.percent(50) },
    |_, page| Act::Reload { page },
    |_, page| Act::Copy { page },
    |_, page| Act::Replace { page },
    |_, page| Act::Login { page },
    |_, page| Act::Logout { page },
    |r, _| Act::Clock { ms: clock_jump(r) },
    |r, _| Act::Crash { down: r.between(10, 20_000), kept: r.percent(30).then(|| kept(r)) },
    |r, _| Act::Stop { down: r.between(10, 5_000) },
    |r, _| Act::Fail { after: r.index(8), ghost: r.percent(50) },
    |r, _| Act::Power { after: r.index(8), kept: kept(r), down: r.between(10, 20_000) },
    |r, _| Act::PowerInSync { after: r.index(8), ms: slow(r), kept: kept(r), down: r.between(10, 20_000) },
    |r, _| {
        let power =
            r.percent(50).then(|| if r.percent(50) { r.between(0, 200) } else { r.between(0, 5_000) });
        let (after, ms, down) = (r.index(8), slow(r), r.between(10, 5_000));
        Act::FailSync { after, ms, down, power, kept: kept(r) }
    },
];

/// How many of the commits that are not synced survive; often none.
fn kept(random: &mut Random) -> usize {
    if random.percent(50) { 0 } else { random.index(5) }
}

/// A disk that is about to die often hangs before it does.
fn slow(random: &mut Random) -> u64 {
    if random.percent(30) { 0 } else { random.between(10, 3_000) }
}

/// Up to ten minutes back or two hours ahead.
fn clock_jump(random: &mut Random) -> i64 {
    let ms =
        if random.percent(50) { random.between(1_000, 7_200_000) } else { random.between(1_000, 600_000) };
    let ms = i64::try_from(ms).unwrap_or_default();
    if ms <= 600_000 && random.percent(60) { -ms } else { ms }
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let random = &mut Random::new(seed, "plan", 0);
        let users = 2 + random.index(USERS - 2);
        let mut pages: Vec<_> = (0..users).collect();
        for _ in 0..random.index(3) {
            pages.push(random.index(users));
        }
        let span = random.between(15_000, 80_000);
        let queue = [4, 16, 64, 1024][random.index(4)];
        let unindexed = [1, 4, 16, 64, 2048][random.index(5)];
        let patient = random.percent(50);
        let mut plan = Self { seed, pages, queue, unindexed, patient, steps: Vec::new() };
        plan.openings(random, span);
        let groups = plan.groups(random, users);
        plan.talk(random, span, users, groups);
        plan.duels(random, span);
        plan.blackouts(random, span, groups);
        plan.strikes(random, span);
        plan.steps.sort_by_key(|step| step.at);
        plan
    }

    fn add(&mut self, at: u64, act: Act) {
        self.steps.push(Step { at, act });
    }

    /// Most pages are there from the beginning; the others come later, and those that were closed come back.
    fn openings(&mut self, random: &mut Random, span: u64) {
        for page in 0..self.pages.len() {
            let late = page > 0 && random.percent(30);
            let at = if late { random.between(2_000, span) } else { random.between(0, 1_000) };
            self.add(at, Act::Open { page });
            for _ in 0..random.index(3) {
                self.add(random.between(span / 4, span), Act::Open { page });
            }
        }
    }

    /// Groups, and who comes and goes; how many of them.
    fn groups(&mut self, random: &mut Random, users: usize) -> usize {
        let groups = random.index(3);
        for group in 0..groups {
            self.add(random.between(500, 3_000), Act::Create { page: 0 });
            for user in 1..users {
                if random.percent(80) {
                    self.add(random.between(3_000, 9_000), Act::Add { page: 0, group, user });
                }
            }
            for _ in 0..random.index(6) {
                let (at, user, page) =
                    (random.between(9_000, 60_000), random.index(users), random.index(self.pages.len()));
                let act = match random.index(10) {
                    0..4 => Act::Remove { page: 0, group, user },
                    4..8 => Act::Add { page, group, user },
                    _ => Act::Exit { page, group },
                };
                self.add(at, act);
            }
        }
        groups
    }

    fn talk(&mut self, random: &mut Random, span: u64, users: usize, groups: usize) {
        for _ in 0..random.between(20, 150) {
            let at = random.between(500, span);
            let page = random.index(self.pages.len());
            let count = if random.percent(85) { 1 } else { 2 + random.index(20) };
            let size = if random.percent(85) { 8 + random.index(60) } else { 400 + random.index(3_000) };
            let act = if groups > 0 && random.percent(50) {
                Act::SendGroup { page, group: random.index(groups), count, size }
            } else {
                Act::Send { page, to: random.index(users), count, size }
            };
            self.add(at, act);
        }
        for _ in 0..random.index(6) {
            self.add(random.between(5_000, span), Act::Resend { page: random.index(self.pages.len()) });
        }
        // Whoever was kicked or left comes back.
        for _ in 0..random.index(5) {
            self.add(random.between(5_000, span), Act::Login { page: random.index(self.pages.len()) });
        }
    }

    /// Two pages of one user who write while they take the session from each other.
    fn duels(&mut self, random: &mut Random, span: u64) {
        let of_same = |page: &usize| self.pages.iter().position(|user| *user == self.pages[*page]);
        let pairs: Vec<_> = (0..self.pages.len())
            .filter_map(|page| Some((of_same(&page)?, page)))
            .filter(|(a, b)| a != b)
            .collect();
        for (one, other) in pairs {
            for _ in 0..random.index(4) {
                let (mut at, to) = (random.between(5_000, span), random.index(USERS));
                for round in 0..random.between(2, 6) {
                    let page = if round % 2 == 0 { one } else { other };
                    self.add(at, Act::Login { page });
                    at += random.between(1, 400);
                    self.add(at, Act::Send { page, to, count: 1 + random.index(6), size: 20 });
                    at += random.between(1, 400);
                }
            }
        }
    }

    /// Pages come and read their logs while one writes to them, the disk hangs, and the power goes.
    fn blackouts(&mut self, random: &mut Random, span: u64, groups: usize) {
        if random.percent(50) {
            return;
        }
        for _ in 0..random.between(1, 3) {
            let (at, writer) = (random.between(4_000, span), random.index(self.pages.len()));
            for page in 0..self.pages.len() {
                if self.pages[page] != self.pages[writer] && random.percent(80) {
                    let act = if random.percent(50) { Act::Cut { page } } else { Act::Reload { page } };
                    self.add(at + random.between(0, 150), act);
                }
            }
            for _ in 0..random.between(20, 50) {
                let act = if groups > 0 && random.percent(50) {
                    Act::SendGroup { page: writer, group: random.index(groups), count: 1, size: 20 }
                } else {
                    let to = self.pages[random.index(self.pages.len())];
                    Act::Send { page: writer, to, count: 1, size: 20 }
                };
                self.add(at + random.between(50, 1_200), act);
            }
            // What was lost does not come again.
            if random.percent(70) {
                self.add(at + random.between(1_200, 2_500), Act::Reload { page: writer });
            }
            let (after, ms) = (random.index(2), random.between(50, 1_000));
            let (kept, down) = (kept(random), random.between(10, 10_000));
            self.add(at, Act::Blackout { after, ms, kept, down });
        }
    }

    fn strikes(&mut self, random: &mut Random, span: u64) {
        for strike in STRIKES {
            if !random.percent(25) {
                continue;
            }
            for _ in 0..random.between(1, 4) {
                let page = random.index(self.pages.len());
                let act = strike(random, page);
                self.add(random.between(1_000, span), act);
            }
        }
    }
}
