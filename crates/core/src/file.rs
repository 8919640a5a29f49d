//! Files: who may upload, read and send them on, and when one that was never sent is forgotten.

use crate::{
    Core, Error, Session, Stats,
    capability::{Bearer, Purpose, period},
    port::{BlobStream, FileRecord, FileWrite, Op, Reader, Unavailable},
    session::To,
};
use bytes::Bytes;
use jmessage_model::{ClientKey, Content, Extent, Facts, FileId, Media, Millis, UserId};
use std::{ops::Range, sync::Arc};

/// What a session needs to use files over plain HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct Grants {
    /// The capability to read.
    pub read: String,
    /// The capability to upload.
    pub upload: String,
    /// How long until the next ones are due.
    pub renew_in: Millis,
}

/// What a message says a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Image,
    /// A sound.
    Voice,
}

impl FileKind {
    /// The kind of a file of this extent.
    pub fn of(extent: Extent) -> Self {
        match extent {
            Extent::Image { .. } => Self::Image,
            Extent::Voice { .. } => Self::Voice,
        }
    }
}

/// Files that one sweep looks at.
const SWEPT: usize = 1000;

/// The one rule of reading: its uploader, and the present members of a conversation it was sent to.
fn readable(reader: &dyn Reader, user: UserId, id: FileId) -> Result<Option<FileRecord>, Unavailable> {
    let Some(file) = reader.file(id)? else { return Ok(None) };
    let may = file.owner == user || reader.was_sent_to(id, user)?;
    Ok(may.then_some(file))
}

impl Core {
    /// Capabilities of the session's user for the time being.
    pub fn grants(&self, session: &Session) -> Grants {
        let (bearer, now) = (Bearer { app: session.user.app, user: session.user.id }, self.now());
        let (expires, next) = period(bearer.user, self.options().media_for, now);
        let sign = |purpose| self.key().sign(bearer, purpose, expires);
        Grants {
            read: sign(Purpose::Read),
            upload: sign(Purpose::Upload),
            renew_in: Millis(next.0.saturating_sub(now.0)),
        }
    }

    /// Who bears this capability.
    pub fn bearer(&self, capability: &str, purpose: Purpose) -> Result<Bearer, Error> {
        self.key().read(capability, purpose, self.now()).ok_or(Error::NotEntitled)
    }

    /// Keeps an uploaded file, which nobody but its uploader sees until it is sent. The caller vouches for `facts`.
    pub async fn keep_file(&self, by: Bearer, facts: Facts, bytes: Bytes) -> Result<Media, Error> {
        let limits = self.limits();
        if facts.size > limits.upload {
            return Err(Error::FileTooLarge(limits.upload));
        }
        let file = FileId(self.random()?);
        let record =
            FileRecord { app: by.app, owner: by.user, media: Media { file, facts }, created: self.now() };
        let create = FileWrite::Create { record, quota: limits.storage };
        self.change(Op::File(create)).await?;
        if let Err(error) = self.options().blobs.put(file, bytes).await {
            tracing::error!(%error, %file, "a file could not be stored");
            // If this fails too, the file is swept later.
            let _ = self.remove_file(file).await;
            return Err(Error::Unavailable);
        }
        Stats::add(&self.stats().uploads, 1);
        Stats::add_bytes(&self.stats().upload_bytes, facts.size);
        Ok(Media { file, facts })
    }

    /// Counts an upload that was refused.
    pub fn refused_upload(&self) {
        Stats::add(&self.stats().uploads_refused, 1);
    }

    /// A file, for one who may read it; [`Error::NoSuchFile`] for everybody else.
    pub async fn file(&self, by: Bearer, id: FileId) -> Result<Media, Error> {
        let found = self.read(move |reader| readable(reader, by.user, id)).await?;
        found.filter(|file| file.app == by.app).map(|file| file.media).ok_or(Error::NoSuchFile)
    }

    /// The bytes of a file that [`Core::file`] returned, or a part of them.
    pub async fn file_bytes(&self, id: FileId, range: Option<Range<u64>>) -> Result<BlobStream, Error> {
        match self.options().blobs.get(id, range).await {
            Ok(found) => found.ok_or(Error::NoSuchFile),
            Err(error) => {
                tracing::error!(%error, file = %id, "a file could not be read");
                Err(Error::Unavailable)
            }
        }
    }

    /// Sends a file that the session's user may read; the answer to `request` comes through its queue.
    pub async fn send_file(
        &self,
        session: &Arc<Session>,
        request: u64,
        to: To,
        key: ClientKey,
        (kind, id): (FileKind, FileId),
    ) -> Result<(), Error> {
        let media = self.file(Bearer { app: session.user.app, user: session.user.id }, id).await?;
        if FileKind::of(media.facts.extent) != kind {
            return Err(Error::NoSuchFile);
        }
        self.send(session, request, to, key, Content::Media(media)).await
    }

    /// Removes files that were uploaded too long ago and never sent. How many; call it again when there were some.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let before = Millis(self.now().0.saturating_sub(self.options().unsent_for.0));
        let orphans = self.read(move |reader| reader.unsent_files(before, SWEPT)).await?;
        let mut removed = 0;
        for file in orphans {
            match self.remove_file(file).await {
                Ok(()) => removed += 1,
                // Sent in the meantime.
                Err(Error::NoSuchFile) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }

    /// Removes a file that was not sent. The row goes last: what is cut short is found again by the next sweep.
    async fn remove_file(&self, file: FileId) -> Result<(), Error> {
        self.change(Op::File(FileWrite::Drop(file))).await?;
        self.options().blobs.delete(file).await.map_err(|error| {
            tracing::error!(%error, %file, "a file could not be deleted");
            Error::Unavailable
        })?;
        self.change(Op::File(FileWrite::Forget(file))).await.map(drop)
    }
}
