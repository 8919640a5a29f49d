//! Where the bytes of files are.

use super::Unavailable;
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};
use jmessage_model::FileId;
use std::ops::Range;

/// Bytes of a file as they are read.
pub type BlobStream = BoxStream<'static, Result<Bytes, Unavailable>>;

/// The bytes of files. A file is written once, whole or not at all, and never changed.
pub trait Blobs: Send + Sync {
    /// Stores a file; it is durable when this returns.
    fn put(&self, id: FileId, bytes: Bytes) -> BoxFuture<'_, Result<(), Unavailable>>;
    /// A file or a part of it; `None` when it is not there. The range lies within the file.
    fn get(
        &self,
        id: FileId,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'_, Result<Option<BlobStream>, Unavailable>>;
    /// Deletes a file; one that is not there is as good as deleted.
    fn delete(&self, id: FileId) -> BoxFuture<'_, Result<(), Unavailable>>;
}
