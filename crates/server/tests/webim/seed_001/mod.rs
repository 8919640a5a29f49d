//! Seed 001, of 2010, row by row.

mod calls;
mod objects;
mod online;

/// The rows that have a test.
pub(crate) fn rows() -> Vec<&'static str> {
    [calls::ROWS, objects::ROWS, online::ROWS].concat()
}
