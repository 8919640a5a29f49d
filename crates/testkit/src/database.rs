//! Databases prepared for tests: an App and users, made through the core before a server opens them.

use crate::App;
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use jmessage_core::{Core, Error, HashCost, Hashing, Options, QueueLimits, port::Blobs};
use jmessage_model::{AppKey, Limits, Millis, Nickname, Password, Username};
use std::{
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The password of every prepared user.
pub const PASSWORD: &str = "pass1234";

/// As cheap as Argon2 can be: what is tested or measured is not the hash, and its cost is stored with it.
const CHEAP: HashCost = HashCost { memory_kib: 8, passes: 1 };

/// The users that tests and pages know: `alice001` … `alice020` and `bobby001` … `bobby020`.
pub fn cast() -> impl Iterator<Item = String> {
    ["alice", "bobby"].into_iter().flat_map(|name| (1..=20).map(move |number| format!("{name}{number:03}")))
}

/// Creates `app` and `users` in a database directory that no server has open. All users share [`PASSWORD`], and its
/// hash, which is made once.
pub async fn prepare(directory: &Path, app: &App, users: impl IntoIterator<Item = String>) -> Result<()> {
    let (writer, reader) = jmessage_store::sqlite::open(directory)?;
    let blobs = jmessage_store::blobs::local(&directory.join("media"))?;
    let core = Core::start(Box::new(writer), reader, options(Arc::new(blobs)))?;
    let id = core.create_app(AppKey::new(&app.key)?, "test".to_owned(), app.secret().to_owned()).await?;
    let hash = core.hash(Password::new(PASSWORD)?).await?;
    let creations = users.into_iter().map(async |name| -> Result<()> {
        let (username, nickname) = (Username::new(&name)?, Nickname::new(&name)?);
        core.create_user_hashed(id, username, nickname, hash.clone()).await.context(name)?;
        Ok(())
    });
    try_join_all(creations).await?;
    core.stop().await;
    Ok(())
}

fn options(blobs: Arc<dyn Blobs>) -> Options {
    Options {
        limits: Limits::default(),
        queue: QueueLimits::default(),
        resume_for: Millis(0),
        media_for: Millis(0),
        unsent_for: Millis(0),
        blobs,
        hashing: Hashing::new(CHEAP, 1, 1),
        now: || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        },
        random: |bytes| getrandom::fill(bytes).map_err(|_| Error::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jmessage_core::port::Reader;

    #[tokio::test]
    async fn the_cast_is_in_the_prepared_database() {
        let directory = tempfile::tempdir().unwrap();
        let app = App::published();
        prepare(directory.path(), &app, cast()).await.unwrap();
        let (_writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
        let record = reader.app(&AppKey::new(&app.key).unwrap()).unwrap().unwrap();
        assert_eq!(record.secret, app.secret());
        for name in ["alice001", "alice020", "bobby001", "bobby020"] {
            assert!(reader.user(record.id, name).unwrap().is_some(), "{name}");
        }
        assert!(reader.user(record.id, "alice021").unwrap().is_none());
    }
}
