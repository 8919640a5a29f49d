//! Durable state behind the ports of the core: one folder per backend, the same file names in each,
//! and one conformance suite (`tests/conformance.rs`) that every backend passes.
//!
//! Owns SQL, schemas and where the bytes of files lie. Must never know a protocol or a gateway.

pub mod blobs;
pub mod sqlite;
