//! What a disk may hold when the power goes: for each page of each file every content it may have, as far as writes and
//! syncs leave it open.
//!
//! A write may reach the disk at any time after it began, page by page and sector by sector; only a sync that succeeded
//! settles what was written before it began. A sync that failed settles nothing, and what it should have written may
//! never be written by a later one: the kernel may take those pages for clean. A name is settled by a sync of its
//! directory.

use crate::trace::{Event, What};
use jmessage_testkit::Dice;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// Names as a program sees them.
    names: BTreeMap<PathBuf, Name>,
    settled: BTreeMap<PathBuf, Name>,
    /// Changes of names that a power cut may undo, in their order.
    unsettled: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    Directory,
    File(usize),
}

#[derive(Clone)]
struct Change {
    number: usize,
    path: PathBuf,
    /// What the name stands for from then on.
    now: Option<Name>,
}

#[derive(Clone, Default)]
struct File {
    pages: Vec<Versions<Arc<[u8]>>>,
    size: Versions<usize>,
}

/// How much of what was not synced is on the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Luck {
    /// Nothing.
    None,
    /// Everything.
    All,
    /// Everything up to some write, and sectors of that one.
    Prefix,
    /// Any pages, each as it was at some moment.
    Pages,
    /// Any sectors of any pages, each as it was at some moment.
    Sectors,
}

impl Luck {
    pub(crate) const EVERY: [Self; 5] = [Self::None, Self::All, Self::Prefix, Self::Pages, Self::Sectors];
}

impl Disk {
    /// Applies the event of this number. Numbers grow.
    pub(crate) fn apply(&mut self, number: usize, event: &Event) {
        match &event.what {
            What::MadeDirectory => self.rename(number, &event.path, Some(Name::Directory)),
            What::Opened { truncated } => {
                let file = self.open(number, &event.path);
                if *truncated && self.files[file].size.last() > 0 {
                    self.files[file].resize(number, 0);
                }
            }
            What::Wrote { at, bytes } => {
                let file = self.open(number, &event.path);
                self.files[file].write(number, *at, bytes);
            }
            What::Resized(to) => {
                let file = self.open(number, &event.path);
                self.files[file].resize(number, *to);
            }
            What::Synced { since, done } => self.sync(&event.path, *since, *done),
            What::Removed => self.rename(number, &event.path, None),
            What::Moved(to) => {
                let name = self.names.get(&event.path).copied();
                self.rename(number, &event.path, None);
                self.rename(number, to, name);
            }
            What::Said(_) => {}
        }
    }

    fn open(&mut self, number: usize, path: &Path) -> usize {
        if let Some(Name::File(file)) = self.names.get(path) {
            return *file;
        }
        let file = self.files.len();
        self.files.push(File::default());
        self.rename(number, path, Some(Name::File(file)));
        file
    }

    fn rename(&mut self, number: usize, path: &Path, now: Option<Name>) {
        set(&mut self.names, path, now);
        self.unsettled.push(Change { number, path: path.to_owned(), now });
    }

    fn sync(&mut self, path: &Path, since: usize, done: bool) {
        if let Some(Name::File(file)) = self.names.get(path).copied() {
            self.files[file].sync(since, done);
        } else if done {
            let (settled, open) = std::mem::take(&mut self.unsettled)
                .into_iter()
                .partition(|change| change.number < since && change.path.parent() == Some(path));
            self.unsettled = open;
            for Change { path, now, .. } in Vec::from_iter::<Vec<Change>>(settled) {
                set(&mut self.settled, &path, now);
            }
        }
    }

    /// Writes what is left after a power cut into an empty directory, for `root`.
    pub(crate) fn cut(&self, dice: &mut Dice, luck: Luck, root: &Path, into: &Path) -> io::Result<()> {
        let mut names = self.settled.clone();
        let lucky = match luck {
            Luck::None => 0,
            Luck::All => self.unsettled.len(),
            Luck::Prefix | Luck::Pages | Luck::Sectors => dice.below(self.unsettled.len() + 1),
        };
        for Change { path, now, .. } in self.unsettled.iter().take(lucky) {
            set(&mut names, path, *now);
        }
        let upto = self.some_moment(dice);
        for (path, name) in &names {
            let Ok(inside) = path.strip_prefix(root) else { continue };
            // A name is out of reach when that of its directory was lost.
            let reachable = inside.ancestors().skip(1).all(|parent| {
                parent.as_os_str().is_empty() || names.get(&root.join(parent)) == Some(&Name::Directory)
            });
            match name {
                Name::Directory if reachable => fs::create_dir_all(into.join(inside))?,
                Name::File(file) if reachable => {
                    fs::write(into.join(inside), self.files[*file].cut(dice, luck, upto))?;
                }
                Name::Directory | Name::File(_) => {}
            }
        }
        Ok(())
    }

    /// One of the moments of writes that are not settled.
    fn some_moment(&self, dice: &mut Dice) -> usize {
        let pages = self.files.iter().flat_map(|file| &file.pages);
        let moments: Vec<_> =
            pages.flat_map(|page| page.0.iter().skip(1).map(|version| version.number)).collect();
        dice.pick(&moments).copied().unwrap_or_default()
    }
}

fn set(names: &mut BTreeMap<PathBuf, Name>, path: &Path, now: Option<Name>) {
    match now {
        Some(name) => drop(names.insert(path.to_owned(), name)),
        None => drop(names.remove(path)),
    }
}

impl File {
    fn page(&mut self, index: usize) -> &mut Versions<Arc<[u8]>> {
        if self.pages.len() <= index {
            self.pages.resize_with(index + 1, || Versions::of(Arc::from([0; PAGE].as_slice())));
        }
        &mut self.pages[index]
    }

    fn write(&mut self, number: usize, mut at: usize, mut bytes: &[u8]) {
        let end = at + bytes.len();
        while !bytes.is_empty() {
            let within = at % PAGE;
            let (now, later) = bytes.split_at(bytes.len().min(PAGE - within));
            let page = self.page(at / PAGE);
            let mut content = page.last().to_vec();
            content[within..within + now.len()].copy_from_slice(now);
            page.push(number, content.into());
            (at, bytes) = (at + now.len(), later);
        }
        // A page that is written takes the length along that it needs.
        let size = self.size.last();
        if end > size || self.size.0.len() > 1 {
            self.size.push(number, end.max(size));
        }
    }

    fn resize(&mut self, number: usize, to: usize) {
        for index in to / PAGE..self.pages.len() {
            let keep = to.saturating_sub(index * PAGE).min(PAGE);
            let page = self.page(index);
            let mut content = page.last().to_vec();
            content[keep..].fill(0);
            page.push(number, content.into());
        }
        self.size.push(number, to);
    }

    fn sync(&mut self, since: usize, done: bool) {
        self.size.sync(since, done);
        for page in &mut self.pages {
            page.sync(since, done);
        }
    }

    fn cut(&self, dice: &mut Dice, luck: Luck, upto: usize) -> Vec<u8> {
        let size = *self.size.choose(dice, luck, upto);
        let mut bytes = Vec::with_capacity(size);
        for page in &self.pages {
            let torn = match luck {
                Luck::Sectors => true,
                Luck::Prefix => page.0.iter().any(|version| version.number == upto),
                Luck::None | Luck::All | Luck::Pages => false,
            };
            if torn && page.0.len() > 1 {
                for sector in (0..PAGE).step_by(SECTOR) {
                    let content = page.choose(dice, Luck::Pages, upto);
                    bytes.extend_from_slice(&content[sector..sector + SECTOR]);
                }
            } else {
                bytes.extend_from_slice(page.choose(dice, luck, upto));
            }
        }
        bytes.resize(size, 0);
        bytes
    }
}

/// Everything of which the disk may hold one, oldest first; the last is what a program reads.
#[derive(Clone)]
struct Versions<T>(Vec<Version<T>>);

#[derive(Clone)]
struct Version<T> {
    number: usize,
    value: T,
    /// Whether the next sync writes it: not when one has succeeded, or failed, since.
    dirty: bool,
}

impl<T> Versions<T> {
    fn of(value: T) -> Self {
        Self(vec![Version { number: 0, value, dirty: false }])
    }

    fn push(&mut self, number: usize, value: T) {
        self.0.push(Version { number, value, dirty: true });
    }

    fn sync(&mut self, since: usize, done: bool) {
        let covered = |version: &Version<T>| version.dirty && version.number < since;
        if let Some(last) = self.0.iter().rposition(covered) {
            if done {
                self.0.drain(..last);
            }
            let upto = if done { 0 } else { last };
            self.0[..=upto].iter_mut().for_each(|version| version.dirty = false);
        }
    }

    fn choose(&self, dice: &mut Dice, luck: Luck, upto: usize) -> &T {
        let last = self.0.len() - 1;
        let at = match luck {
            Luck::None => 0,
            Luck::All => last,
            Luck::Prefix => self.0.iter().rposition(|version| version.number <= upto).unwrap_or(0),
            Luck::Pages | Luck::Sectors => dice.below(self.0.len()),
        };
        &self.0[at].value
    }
}

impl<T: Clone> Versions<T> {
    fn last(&self) -> T {
        self.0[self.0.len() - 1].value.clone()
    }
}

impl Default for Versions<usize> {
    fn default() -> Self {
        Self::of(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(path: &str, what: What) -> Event {
        Event { path: path.into(), what }
    }

    fn wrote(at: usize, text: &str) -> Event {
        event("/d/f", What::Wrote { at, bytes: text.into() })
    }

    fn synced(path: &str, since: usize, done: bool) -> Event {
        event(path, What::Synced { since, done })
    }

    /// Every content that cuts by many throws leave, sorted; "-" when there is no file.
    fn outcomes(events: &[Event]) -> Vec<String> {
        let mut disk = Disk::default();
        for (number, event) in events.iter().enumerate() {
            disk.apply(number, event);
        }
        let mut seen = Vec::new();
        for seed in 0..200 {
            let into = tempfile::tempdir().unwrap();
            let mut dice = Dice::new(seed);
            let luck = *dice.pick(&Luck::EVERY).unwrap();
            disk.cut(&mut dice, luck, Path::new("/d"), into.path()).unwrap();
            let left = fs::read_to_string(into.path().join("f")).unwrap_or_else(|_| "-".to_owned());
            seen.push(left.replace('\0', "0"));
        }
        seen.sort();
        seen.dedup();
        seen
    }

    #[test]
    fn what_was_synced_stays_and_what_was_not_may_go() {
        let begin = [wrote(0, "aa"), synced("/d/f", 1, true), synced("/d", 2, true)];
        assert_eq!(outcomes(&begin), ["aa"]);
        let then = [&begin[..], &[wrote(1, "bb")]].concat();
        assert_eq!(outcomes(&then), ["aa", "aa0", "ab", "abb"]);
    }

    #[test]
    fn a_name_may_go_until_its_directory_is_synced() {
        assert!(outcomes(&[wrote(0, "a"), synced("/d/f", 1, true)]).contains(&"-".to_owned()));
        let removed =
            [wrote(0, "a"), synced("/d/f", 1, true), synced("/d", 2, true), event("/d/f", What::Removed)];
        assert_eq!(outcomes(&removed), ["-", "a"]);
    }

    #[test]
    fn a_sync_settles_only_what_was_written_before_it_began() {
        let events = [wrote(0, "a"), synced("/d", 1, true), wrote(0, "b"), synced("/d/f", 2, true)];
        assert_eq!(outcomes(&events), ["a", "b"]);
    }

    #[test]
    fn after_a_sync_that_failed_only_what_is_written_again_is_written() {
        let failed = [wrote(0, "a"), synced("/d", 1, true), synced("/d/f", 2, false)];
        let again = [&failed[..], &[synced("/d/f", 3, true)]].concat();
        assert!(outcomes(&again).contains(&String::new()), "a sync without a write proves nothing");
        let rewritten = [&failed[..], &[wrote(0, "a"), synced("/d/f", 4, true)]].concat();
        assert!(!outcomes(&rewritten).contains(&String::new()));
    }
}
