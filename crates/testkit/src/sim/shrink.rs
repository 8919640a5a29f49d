//! From a plan that fails to a smaller one that still does.

use super::{drive::Stage, plan::Plan, run};
use std::time::{Duration, Instant};

/// Leaves out whatever the failure does not need: many steps at once, then single ones, until nothing more can go or the
/// time is over. `fails` says whether a plan still fails in the way that is looked for.
pub fn shrink(plan: &Plan, within: Duration, mut fails: impl FnMut(&Plan) -> bool) -> Plan {
    let until = Instant::now() + within;
    let mut best = plan.clone();
    let mut part = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let before = best.steps.len();
        while at < best.steps.len() {
            if Instant::now() >= until {
                return best;
            }
            let mut smaller = best.clone();
            let end = (at + part).min(smaller.steps.len());
            smaller.steps.drain(at..end);
            if fails(&smaller) {
                best = smaller;
            } else {
                at += part;
            }
        }
        if part > 1 {
            part = part.div_ceil(2);
        } else if best.steps.len() == before {
            return best;
        }
    }
}

/// As [`shrink`], for the promises that the plan breaks.
pub fn shrink_violation(stage: &Stage, plan: &Plan, within: Duration) -> Plan {
    let broken = |plan: &Plan| {
        let outcome = run(stage, plan, false);
        outcome.map(|outcome| outcome.violations.iter().map(|found| found.promise).collect::<Vec<_>>())
    };
    let Ok(wanted) = broken(plan) else { return plan.clone() };
    shrink(plan, within, |plan| broken(plan).is_ok_and(|found| found.iter().any(|one| wanted.contains(one))))
}
