//! What the bytes of a wasm file are spent on: reads its code and name sections.
//! Format: WebAssembly core specification, binary format, and its appendix on the name section.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write;

const SECTION_CUSTOM: u8 = 0;
const SECTION_IMPORT: u8 = 2;
const SECTION_CODE: u8 = 10;
const SECTION_NAMES: [&str; 13] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
];

/// How many crates and functions are listed.
const TOP_CRATES: usize = 20;
const TOP_FUNCTIONS: usize = 40;

/// A table of sections, crates and functions by size, largest first.
pub(crate) fn report(wasm: &[u8]) -> Result<String> {
    let file = Reader(wasm);
    let mut rest = file;
    if rest.take(8)?.get(..4) != Some(b"\0asm") {
        bail!("not a wasm file");
    }
    let (mut sections, mut bodies, mut names, mut imported) = (Vec::new(), Vec::new(), BTreeMap::new(), 0);
    while !rest.0.is_empty() {
        let id = rest.byte()?;
        let mut body = rest.sized()?;
        sections
            .push((body.0.len(), SECTION_NAMES.get(usize::from(id)).copied().unwrap_or("other").to_owned()));
        match id {
            SECTION_IMPORT => imported = imported_functions(&mut body)?,
            SECTION_CODE => {
                for _ in 0..body.leb()? {
                    bodies.push(body.sized()?.0.len());
                }
            }
            SECTION_CUSTOM if body.text()? == "name" => names = function_names(&mut body)?,
            _ => {}
        }
    }
    let functions: Vec<(usize, String)> = bodies
        .into_iter()
        .enumerate()
        .map(|(index, size)| {
            let index = index + imported;
            (size, names.get(&index).map_or_else(|| format!("function {index}"), |name| without_hashes(name)))
        })
        .collect();
    let mut crates: BTreeMap<String, usize> = BTreeMap::new();
    for (size, name) in &functions {
        *crates.entry(crate_of(name).to_owned()).or_default() += size;
    }
    let crates = crates.into_iter().map(|(name, size)| (size, name)).collect();
    let mut text = String::new();
    list(&mut text, "sections", sections, usize::MAX)?;
    list(&mut text, "code by crate (of the function, not of its caller)", crates, TOP_CRATES)?;
    list(&mut text, "functions", functions, TOP_FUNCTIONS)?;
    Ok(text)
}

fn list(text: &mut String, title: &str, mut rows: Vec<(usize, String)>, top: usize) -> Result<()> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.0));
    writeln!(text, "    {title}, bytes before compression")?;
    for (size, name) in rows.iter().take(top) {
        writeln!(text, "    {size:>8}  {name}")?;
    }
    if rows.len() > top {
        let others: usize = rows.iter().skip(top).map(|row| row.0).sum();
        writeln!(text, "    {others:>8}  in {} others", rows.len() - top)?;
    }
    Ok(writeln!(text)?)
}

/// The first path segment of a demangled name: `<gloo_net::A as core::B>::c` → `gloo_net`.
fn crate_of(name: &str) -> &str {
    let start = name.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let start = start.strip_prefix("mut ").or_else(|| start.strip_prefix("dyn ")).unwrap_or(start);
    let Some((first, _)) = start.split_once("::") else { return "without a path" };
    // `<f64 as core::fmt::Display>` has no path before `as`.
    let first = first.rsplit(" as ").next().unwrap_or(first);
    first.split(['[', '<']).next().unwrap_or(first)
}

/// Without the hashes that tell versions of a crate apart: `core[d1f6563ea382cb6c]::fmt` → `core::fmt`.
fn without_hashes(name: &str) -> String {
    let mut parts = name.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest)) if hash.len() >= 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                text.push_str(rest);
            }
            _ => text.extend(["[", part]),
        }
    }
    text
}

fn imported_functions(body: &mut Reader<'_>) -> Result<usize> {
    let mut functions = 0;
    for _ in 0..body.leb()? {
        body.text()?;
        body.text()?;
        match body.byte()? {
            0 => {
                functions += 1;
                body.leb()?;
            }
            // A table's element type, then its limits; a memory's limits.
            kind @ (1 | 2) => {
                if kind == 1 {
                    body.byte()?;
                }
                if body.byte()? & 1 == 1 {
                    body.leb()?;
                }
                body.leb()?;
            }
            3 => drop(body.take(2)?),
            kind => bail!("import of unknown kind {kind}"),
        }
    }
    Ok(functions)
}

fn function_names(body: &mut Reader<'_>) -> Result<BTreeMap<usize, String>> {
    let mut names = BTreeMap::new();
    while !body.0.is_empty() {
        let id = body.byte()?;
        let mut part = body.sized()?;
        if id == 1 {
            for _ in 0..part.leb()? {
                names.insert(part.leb()?, part.text()?.to_owned());
            }
        }
    }
    Ok(names)
}

/// What is left to read.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count).context("the wasm file ends early")?;
        self.0 = tail;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().context("the wasm file ends early")
    }

    /// An unsigned number in LEB128.
    fn leb(&mut self) -> Result<usize> {
        let mut value = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        bail!("a number in the wasm file is too long")
    }

    /// A part preceded by its length.
    fn sized(&mut self) -> Result<Reader<'a>> {
        let length = self.leb()?;
        self.take(length).map(Reader)
    }

    fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.sized()?.0).context("a name in the wasm file is not UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One imported function, one function `a::b` of 2 bytes: no locals, `end`.
    const SMALL: &[u8] = &[
        0, b'a', b's', b'm', 1, 0, 0, 0, // header
        1, 4, 1, 0x60, 0, 0, // type: () -> ()
        2, 7, 1, 1, b'm', 1, b'f', 0, 0, // import m.f
        3, 2, 1, 0, // function of type 0
        10, 4, 1, 2, 0, 0x0b, // code
        0, 14, 4, b'n', b'a', b'm', b'e', 1, 7, 1, 1, 4, b'a', b':', b':', b'b', // names: 1 = a::b
    ];

    #[test]
    fn functions_are_counted_after_the_imported_ones() {
        let text = report(SMALL).unwrap();
        assert!(text.contains("       2  a::b\n"), "{text}");
        assert!(text.contains("       2  a\n"), "{text}");
    }

    #[test]
    fn a_cut_file_is_an_error() {
        for length in 0..SMALL.len() {
            // Cut between two sections it is a smaller, complete file.
            let complete = [8, 14, 23, 27, 33].contains(&length);
            assert_eq!(report(&SMALL[..length]).is_ok(), complete, "cut at {length}");
        }
    }

    #[test]
    fn a_name_belongs_to_the_crate_it_starts_with() {
        assert_eq!(crate_of("<gloo_net::WebSocket as futures::Stream>::poll"), "gloo_net");
        assert_eq!(crate_of("<&mut serde::D as x::Y>::z"), "serde");
        assert_eq!(crate_of("<f64 as core::fmt::Display>::fmt"), "core");
        assert_eq!(crate_of("__wbindgen_malloc"), "without a path");
    }

    #[test]
    fn hashes_are_left_out_and_slices_are_not() {
        assert_eq!(without_hashes("<[u8] as core[d1f6563ea382cb6c]::A>::b"), "<[u8] as core::A>::b");
    }
}
