//! The bytes of files, in a directory or in a bucket: whatever `object_store` speaks.

#[cfg(feature = "s3")]
mod bucket;

#[cfg(feature = "s3")]
pub use bucket::{Bucket, bucket};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use jmessage_core::port::{BlobStream, Blobs, Unavailable};
use jmessage_model::FileId;
use object_store::{
    Error, GetOptions, ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as Key,
};
use std::{fmt::Display, fs, ops::Range, path::Path, sync::Arc};

/// See the module.
pub struct StoredBlobs(Arc<dyn ObjectStore>);

/// The files of a directory, which is made if it is not there, readable by its owner only. A file is written beside its
/// place, synced, and moved there, so that what is cut short is never seen.
pub fn local(directory: &Path) -> Result<StoredBlobs, Unavailable> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let named = |error: &dyn Display| Unavailable(format!("{}: {error}", directory.display()));
    builder.create(directory).map_err(|error| named(&error))?;
    let store = LocalFileSystem::new_with_prefix(directory).map_err(|error| named(&error))?;
    Ok(StoredBlobs(Arc::new(store.with_fsync(true))))
}

/// Spread over 256 directories, which is kinder to file systems and to whoever looks at them.
fn key(id: FileId) -> Key {
    let name = id.to_string();
    Key::from_iter([name.get(..2).unwrap_or_default(), &name])
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unavailable(error: Error) -> Unavailable {
    Unavailable(error.to_string())
}

impl Blobs for StoredBlobs {
    fn put(&self, id: FileId, bytes: Bytes) -> BoxFuture<'_, Result<(), Unavailable>> {
        async move {
            self.0.put(&key(id), PutPayload::from_bytes(bytes)).await.map_err(unavailable)?;
            Ok(())
        }
        .boxed()
    }

    fn get(
        &self,
        id: FileId,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'_, Result<Option<BlobStream>, Unavailable>> {
        let options = GetOptions { range: range.map(Into::into), ..GetOptions::default() };
        async move {
            match self.0.get_opts(&key(id), options).await {
                Ok(found) => Ok(Some(found.into_stream().map_err(unavailable).boxed())),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(unavailable(error)),
            }
        }
        .boxed()
    }

    fn delete(&self, id: FileId) -> BoxFuture<'_, Result<(), Unavailable>> {
        async move {
            match self.0.delete(&key(id)).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(unavailable(error)),
            }
        }
        .boxed()
    }
}
