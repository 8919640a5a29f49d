//! The steps of a plan: what each does to pages, network, disk and server.

use super::{
    clock,
    disk::{Fault, Power, SyncEnd, SyncFault},
    drive::{World, on},
    link::Net,
    page::members,
    plan::Act,
    server::name,
};
use crate::history::{Event, To};
use anyhow::Result;
use serde_json::json;

impl World<'_> {
    pub(super) async fn step(&mut self, act: &Act) -> Result<()> {
        let now = clock::now();
        match *act {
            Act::Open { page } => {
                if matches!(self.pages.get(page), Some(None)) {
                    self.open(page, None);
                }
            }
            Act::Close { page, dies } => drop(self.close(page, dies)),
            Act::Reload { page } => {
                if self.close(page, false).is_some() {
                    self.open(page, None);
                }
            }
            Act::Copy { page } => {
                let seed = self.close(page, false);
                if seed.is_some() {
                    self.open(page, seed);
                }
            }
            Act::Replace { page } => on!(self, page, page, around => page.replace(around)),
            Act::Login { page } => on!(self, page, page, around => page.login(around)),
            Act::Logout { page } => on!(self, page, page, around => page.logout(around)),
            Act::Resend { page } => on!(self, page, page, around => page.resend(around)),
            Act::Online { page } => on!(self, page, page, around => page.online(around)),
            Act::Sleep { page, ms } => {
                on!(self, page, page, _around => page.asleep = now + ms);
                self.stall(page, false, now + ms);
            }
            Act::Leap { page, ms } => on!(self, page, page, _around => page.leap(ms)),
            Act::Send { page, to, count, size } => self.send(page, &To::User(name(to)), count, size),
            Act::SendGroup { page, group, count, size } => {
                if let Some(id) = self.groups.get(group).copied() {
                    self.send(page, &To::Group(id), count, size);
                }
            }
            Act::Create { page } => {
                let params = json!({ "groupName": "a group" });
                on!(self, page, page, around => page.call("createGroup", params, around));
            }
            Act::Add { page, group, user } => self.change("addGroupMembers", page, group, user),
            Act::Remove { page, group, user } => self.change("removeGroupMembers", page, group, user),
            Act::Exit { page, group } => self.change("exitGroup", page, group, 0),
            Act::Cut { page } => self.strike(page, u64::MAX, Net::cut),
            Act::Swallow { page, up, down } => {
                self.strike(page, u64::MAX, |net, link| net.swallow(link, up, down));
            }
            Act::Slow { page, ms } => self.stall(page, false, now + ms),
            Act::Partition { page, ms } => self.stall(page, true, now + ms),
            Act::Outage { ms } => {
                {
                    let mut net = self.network.lock();
                    (0..net.links.len()).for_each(|link| net.stall(link, true, true, now + ms));
                }
                self.trace.event(Event::Struck { page: None, until: now + ms });
            }
            Act::Clock { ms } => clock::jump(ms),
            Act::Crash { down, kept } => {
                self.crash(down, kept.map(|kept| Power { kept, down })).await?;
            }
            Act::Stop { down } => self.stop(down).await?,
            Act::Fail { after, ghost } => self.disk.fault(after, Fault::Fail { ghost }),
            Act::Power { after, kept, down } => self.disk.fault(after, Fault::Power(Power { kept, down })),
            Act::PowerInSync { after, ms, kept, down } => {
                self.disk.sync_fault(after, SyncFault { ms, end: SyncEnd::Power(Power { kept, down }) });
            }
            Act::Blackout { after, ms, kept, down } => self.disk.blackout(after, ms, Power { kept, down }),
            Act::FailSync { after, ms, down, power, kept } => {
                let then = power.map(|ms| (ms, Power { kept, down }));
                self.disk.sync_fault(after, SyncFault { ms, end: SyncEnd::Fail { down, then } });
            }
        }
        Ok(())
    }

    /// Something is done to the page's connection: until then, or until the page has another one.
    fn strike(&mut self, at: usize, until: u64, fault: impl FnOnce(&mut Net, usize)) {
        on!(self, at, page, around => {
            if let Some(link) = page.link {
                fault(&mut around.network.lock(), link);
                around.trace.event(Event::Struck { page: Some(page.id), until });
            }
        });
    }

    /// Nothing gets through to the page until then, nor anything from it, if that is meant as well.
    fn stall(&mut self, page: usize, up: bool, until: u64) {
        self.strike(page, until, |net, link| net.stall(link, up, true, until));
    }

    fn change(&mut self, method: &str, page: usize, group: usize, user: usize) {
        if let Some(group) = self.groups.get(group).copied() {
            on!(self, page, page, around => page.call(method, members(group, user), around));
        }
    }

    fn send(&mut self, page: usize, to: &To, count: usize, size: usize) {
        for _ in 0..count {
            self.said += 1;
            let text = format!("{:<size$}", format!("{}.", self.said));
            on!(self, page, page, around => page.send(to.clone(), text, around));
        }
    }
}
