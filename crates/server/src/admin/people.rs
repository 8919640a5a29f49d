//! What operators do for users beside their accounts: contacts, notices, and who may speak to everybody.

use super::{Failure, find_app, with_core};
use crate::Config;
use jmessage_model::{ContactLabel, NameError, Notice};
use std::{io, io::Write};

/// Puts `other` into the list of a user, or out of it without a label.
pub(crate) async fn keep_contact(
    config: &Config,
    app: &str,
    username: &str,
    other: &str,
    label: Option<&str>,
) -> Result<(), Failure> {
    let label = label.map(ContactLabel::new).transpose().map_err(|error| format!("group {error}"))?;
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let kept = core.keep_contact(app.id, username, other, label).await;
        Ok(kept.map_err(|error| format!("contact {other} of {username}: {error}"))?)
    })
    .await
}

pub(crate) async fn list_contacts(config: &Config, app: &str, username: &str) -> Result<(), Failure> {
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let contacts = core.contacts_of(app.id, username).await;
        for contact in contacts.map_err(|error| format!("user {username}: {error}"))? {
            let card = &contact.other.card;
            writeln!(io::stdout(), "{}\t{}\t{}\t{}", card.id, card.name, card.nickname, contact.label)?;
        }
        Ok(())
    })
    .await
}

pub(crate) async fn notify(
    config: &Config,
    app: &str,
    username: &str,
    text: &str,
    link: &str,
) -> Result<(), Failure> {
    let notice = notice(text, link)?;
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let told = core.notify(app.id, username, notice).await;
        Ok(told.map_err(|error| format!("user {username}: {error}"))?)
    })
    .await
}

/// The notice, or which part of it is wrong.
fn notice(text: &str, link: &str) -> Result<Notice, String> {
    Notice::new(text, "").map_err(|error| format!("text {error}"))?;
    Notice::new(text, link).map_err(|error| match error {
        NameError::Start => "link must begin with http://, https:// or the / of a path".to_owned(),
        NameError::Length { .. } | NameError::Character => format!("link {error}"),
    })
}

pub(crate) async fn let_broadcast(
    config: &Config,
    app: &str,
    username: &str,
    may: bool,
) -> Result<(), Failure> {
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let changed = core.let_broadcast(app.id, username, may).await;
        Ok(changed.map_err(|error| format!("user {username}: {error}"))?)
    })
    .await
}
