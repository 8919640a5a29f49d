//! What a program did to files and told its peers, from strace's record of its system calls.
//!
//! strace stops each thread before and after a call, so the record tells what can have caused what: a thread that
//! answers because another one's sync returned stands behind that return.

use anyhow::{Context, Result, bail};
use std::{
    collections::HashMap,
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

/// The system calls that are recorded.
pub(crate) const CALLS: &str = "openat,mkdir,mkdirat,write,writev,sendto,sendmsg,pwrite64,pwritev,ftruncate,fdatasync,\
                                fsync,unlink,unlinkat,rename,renameat,renameat2";

/// One thing that was done.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The file or directory; empty where there is none.
    pub(crate) path: PathBuf,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    MadeDirectory,
    Opened {
        truncated: bool,
    },
    /// From here on; it may be on the disk in part before the call returned.
    Wrote {
        at: usize,
        bytes: Vec<u8>,
    },
    Resized(usize),
    /// A sync returned; what was written before the event `since` is settled, if it was `done`.
    Synced {
        since: usize,
        done: bool,
    },
    Removed,
    Moved(PathBuf),
    /// Told to somebody outside; the path is the socket.
    Said(Vec<u8>),
}

/// Reads records of programs that ran one after the other.
pub(crate) struct Reader {
    /// Files elsewhere are passed over.
    root: PathBuf,
    events: Vec<Event>,
    /// Calls that began, by thread.
    open: HashMap<String, Open>,
}

struct Open {
    name: String,
    arguments: Vec<u8>,
    /// How many events there were when it began.
    began: usize,
    /// The event that it made when it began.
    event: Option<usize>,
}

impl Reader {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), events: Vec::new(), open: HashMap::new() }
    }

    /// How many events there are so far.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn events(self) -> Vec<Event> {
        self.events
    }

    /// Reads the record of one program, from its first line to its last.
    pub(crate) fn read(&mut self, record: &[u8]) -> Result<()> {
        for line in record.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.line(line).with_context(|| {
                format!("in the record: {}", String::from_utf8_lossy(&line[..line.len().min(300)]))
            })?;
        }
        self.open.clear();
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        let space = line.iter().position(|byte| *byte == b' ').context("no thread")?;
        let thread = String::from_utf8(line[..space].to_vec())?;
        let rest = line[space..].trim_ascii();
        if rest.starts_with(b"<... ") {
            if let Some(open) = self.open.remove(&thread) {
                self.ended(&open, result(rest)?)?;
            }
        } else if let Some(parenthesis) = rest.iter().position(|byte| *byte == b'(') {
            let name = String::from_utf8(rest[..parenthesis].to_vec())?;
            let arguments = &rest[parenthesis + 1..];
            let mut open = Open { name, arguments: Vec::new(), began: self.events.len(), event: None };
            let unfinished = arguments.strip_suffix(b"<unfinished ...>");
            open.event = self.began(&open.name, unfinished.unwrap_or(arguments))?;
            if unfinished.is_none() {
                open.arguments = arguments.to_vec();
                self.ended(&open, result(rest)?)?;
            } else {
                open.arguments = unfinished.unwrap_or_default().to_vec();
                self.open.insert(thread, open);
            }
        }
        Ok(())
    }

    /// A call began: the event that counts from here on, if there is one.
    fn began(&mut self, name: &str, arguments: &[u8]) -> Result<Option<usize>> {
        let (path, at, bytes) = match name {
            "write" | "writev" | "sendto" | "sendmsg" => {
                let Some(path) = place(arguments) else { return Ok(None) };
                if self.concerns(&path) {
                    bail!("a write without a place");
                }
                let socket = path.to_string_lossy().starts_with("socket:") || name.starts_with("send");
                if !socket {
                    return Ok(None);
                }
                let what = What::Said(strings(arguments)?.concat());
                self.events.push(Event { path, what });
                return Ok(Some(self.events.len() - 1));
            }
            "pwrite64" | "pwritev" => {
                let Some(path) = place(arguments).filter(|path| self.concerns(path)) else { return Ok(None) };
                let at = arguments.rsplit(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
                (path, number(at), strings(arguments)?.concat())
            }
            _ => return Ok(None),
        };
        let at = usize::try_from(at).context("a negative place")?;
        self.events.push(Event { path, what: What::Wrote { at, bytes } });
        Ok(Some(self.events.len() - 1))
    }

    /// A call returned.
    fn ended(&mut self, open: &Open, result: Option<i64>) -> Result<()> {
        if let Some(event) = open.event {
            let Some(result) = result else { return Ok(()) };
            let written = usize::try_from(result).unwrap_or(0);
            match &mut self.events[event].what {
                What::Wrote { bytes, .. } | What::Said(bytes) => bytes.truncate(written),
                _ => {}
            }
            return Ok(());
        }
        let done = result.is_some_and(|result| result >= 0);
        let arguments = &open.arguments;
        let (path, what) = match open.name.as_str() {
            "fsync" | "fdatasync" => {
                let path = place(arguments).context("a sync of nothing")?;
                let under_way = self.open.values().filter_map(|open| open.event);
                let writing = under_way.filter(|event| self.events[*event].path == path).min();
                let since = open.began.min(writing.unwrap_or(usize::MAX));
                (path, What::Synced { since, done })
            }
            _ if !done => return Ok(()),
            "openat" if contains(arguments, b"O_CREAT") || contains(arguments, b"O_TRUNC") => {
                (self.named(arguments, 0)?, What::Opened { truncated: contains(arguments, b"O_TRUNC") })
            }
            "mkdir" | "mkdirat" => (self.named(arguments, 0)?, What::MadeDirectory),
            "ftruncate" => {
                let path = place(arguments).context("a truncation of nothing")?;
                let to = arguments.rsplit(|byte| *byte == b',').next().unwrap_or_default();
                (path, What::Resized(usize::try_from(number(to.trim_ascii()))?))
            }
            "unlink" | "unlinkat" => (self.named(arguments, 0)?, What::Removed),
            "rename" | "renameat" | "renameat2" => {
                (self.named(arguments, 0)?, What::Moved(self.named(arguments, 1)?))
            }
            _ => return Ok(()),
        };
        if self.concerns(&path) || Some(path.as_path()) == self.root.parent() {
            self.events.push(Event { path, what });
        }
        Ok(())
    }

    fn concerns(&self, path: &Path) -> bool {
        // The index of the log is made anew from the log.
        path.starts_with(&self.root) && !path.to_string_lossy().ends_with("-shm")
    }

    /// A path among the arguments. It must be absolute.
    fn named(&self, arguments: &[u8], index: usize) -> Result<PathBuf> {
        let path = strings(arguments)?.into_iter().nth(index).context("no path")?;
        Ok(self.root.join(OsString::from_vec(path)))
    }
}

/// What follows the last `= `; nothing when the program was killed in the call, whatever became of it.
fn result(line: &[u8]) -> Result<Option<i64>> {
    let at = line.windows(2).rposition(|pair| pair == b"= ").context("no result")?;
    Ok((line.get(at + 2) != Some(&b'?')).then(|| number(&line[at + 2..])))
}

fn number(text: &[u8]) -> i64 {
    let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'-').unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok().and_then(|digits| digits.parse().ok()).unwrap_or(-1)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The path behind the first file descriptor: `9<…>`.
fn place(arguments: &[u8]) -> Option<PathBuf> {
    let start = arguments.iter().position(|byte| *byte == b'<')?;
    let end = arguments.iter().position(|byte| *byte == b'>')?;
    let path = unescaped(arguments.get(start + 1..end)?)?;
    Some(PathBuf::from(OsString::from_vec(path)))
}

/// All strings in quotes.
fn strings(arguments: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut parts = arguments.split(|byte| *byte == b'"').skip(1);
    let mut strings = Vec::new();
    while let Some(text) = parts.next() {
        strings.push(unescaped(text).context("a string that is not in hex")?);
        if parts.next().is_some_and(|between| between.starts_with(b"...")) {
            bail!("a string that was cut");
        }
    }
    Ok(strings)
}

/// `\x` and two digits for each byte.
fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    for escape in text.chunks(4) {
        let &[b'\\', b'x', high, low] = escape else { return None };
        bytes.push(digit(high)? << 4 | digit(low)?);
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn hex(text: &str) -> String {
        text.bytes().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "\\x{byte:02x}");
            hex
        })
    }

    fn events(lines: &[String]) -> Vec<String> {
        let mut reader = Reader::new(Path::new("/d"));
        reader.read(lines.join("\n").as_bytes()).unwrap();
        reader
            .events()
            .into_iter()
            .map(|event| format!("{} {:?}", event.path.display(), event.what))
            .collect()
    }

    #[test]
    fn writes_syncs_and_words_are_read_in_their_order() {
        let (file, socket) = (hex("/d/f"), hex("socket:[1]"));
        let lines = [
            format!(r#"7  openat(AT_FDCWD<{}>, "{file}", O_RDWR|O_CREAT, 0600) = 9<{file}>"#, hex("/")),
            format!(r#"7  pwrite64(9<{file}>, "{}", 2, 4096) = 2"#, hex("ab")),
            format!("7  fsync(9<{file}> <unfinished ...>"),
            format!(r#"8  writev(5<{socket}>, [{{iov_base="{}", iov_len=1}}], 1) = 1"#, hex("x")),
            "7  <... fsync resumed>) = 0".to_owned(),
            format!("7  fdatasync(9<{file}>) = -1 EIO (Input/output error) (INJECTED)"),
            format!(r#"7  pwrite64(9<{}>, "{}", 2, 0) = 2"#, hex("/elsewhere"), hex("ab")),
        ];
        assert_eq!(
            events(&lines),
            [
                "/d/f Opened { truncated: false }",
                "/d/f Wrote { at: 4096, bytes: [97, 98] }",
                "socket:[1] Said([120])",
                "/d/f Synced { since: 2, done: true }",
                "/d/f Synced { since: 4, done: false }",
            ]
        );
    }

    #[test]
    fn a_write_under_way_is_not_covered_by_a_sync_beside_it() {
        let file = hex("/d/f");
        let lines = [
            format!(r#"7  pwrite64(9<{file}>, "{}", 1, 0 <unfinished ...>"#, hex("a")),
            format!("8  fsync(9<{file}>) = 0"),
            "7  <... pwrite64 resumed>) = -1 ENOSPC (No space left on device)".to_owned(),
        ];
        assert_eq!(
            events(&lines),
            ["/d/f Wrote { at: 0, bytes: [] }", "/d/f Synced { since: 0, done: true }"]
        );
    }
}
