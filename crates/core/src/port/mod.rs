//! What the domain asks of a store. The store decides everything that must hold inside a transaction:
//! uniqueness, fences, the order of a log.

mod author;
mod blobs;
mod op;
mod read;
mod record;
mod write;

pub use author::{Author, Fence, Target};
pub use blobs::{BlobStream, Blobs};
pub use op::{CUT_AT_ONCE, FileWrite, GroupWrite, Op, Trim};
pub use read::{Behind, Cut, Overlong, PAGE_BYTES, Reader};
pub use record::{
    AppRecord, ContactRecord, FileRecord, GroupListing, GroupRecord, Members, ProfileRecord, UserRecord,
};
pub use write::{Appended, Done, Log, Refusal, Writer};

use thiserror::Error;

/// The store could not do it. The cause is for the log only.
#[derive(Debug, Error)]
#[error("store unavailable: {0}")]
pub struct Unavailable(pub String);
