//! What everybody saw, and each line of it when it is asked for.

use super::clock;
use crate::history::{Event, PageId};
use std::fmt::{self, Write};

/// The history with its hash.
pub(super) struct Trace {
    pub(super) history: Vec<Event>,
    /// The time that the history knows.
    time: Option<u64>,
    pub(super) hash: u64,
    pub(super) lines: Option<Vec<String>>,
    buffer: String,
}

impl Trace {
    pub(super) fn new(keep: bool) -> Self {
        let lines = keep.then(Vec::new);
        let hash = 0xcbf2_9ce4_8422_2325;
        Self { history: Vec::new(), time: None, hash, lines, buffer: String::new() }
    }

    /// A line of the trace.
    pub(super) fn line(&mut self, line: fmt::Arguments<'_>) {
        self.buffer.clear();
        let _ = writeln!(self.buffer, "{:>7} {line}", clock::now());
        // FNV-1a.
        for byte in self.buffer.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(self.buffer.trim_end().to_owned());
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.line(format_args!("{event:?}"));
        self.clock();
        self.history.push(event);
    }

    /// What time it is, if that is news.
    pub(super) fn clock(&mut self) {
        let ms = clock::now();
        if self.time.replace(ms) != Some(ms) {
            self.history.push(Event::Clock { ms });
        }
    }

    pub(super) fn frame(&mut self, page: PageId, text: &str) {
        self.line(format_args!("{page} {text}"));
    }
}
