//! Names that were looked up.

use crate::{Error, UserCard, port::Reader};
use foldhash::HashMap;
use jmessage_model::{AppId, Username};
use std::sync::Arc;

/// Names that are known to exist; a name never changes its user.
#[derive(Default)]
pub(crate) struct Names(HashMap<AppId, HashMap<Username, Arc<UserCard>>>);

/// How many names of an App are kept in memory.
const NAMES: usize = 200_000;

impl Names {
    pub(crate) fn find(
        &mut self,
        app: AppId,
        name: &Username,
        reader: &dyn Reader,
    ) -> Result<Option<Arc<UserCard>>, Error> {
        let of_app = self.0.entry(app).or_default();
        if let Some(card) = of_app.get(name) {
            return Ok(Some(card.clone()));
        }
        let found = reader.user(app, name.as_str()).map_err(|error| {
            tracing::error!(%error, "a user could not be read");
            Error::Unavailable
        })?;
        Ok(found.map(|record| {
            if of_app.len() >= NAMES {
                of_app.clear();
            }
            of_app.insert(name.clone(), record.card.clone());
            record.card
        }))
    }
}
