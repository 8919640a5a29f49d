//! The commands for operators: apps, users, and what users keep. They work while the server runs, too.

mod people;

use crate::{Config, cli::ProfileArgs, run};
use jmessage_core::{Core, port::AppRecord};
use jmessage_model::{
    AppKey, AvatarPath, Description, Gender, NameError, Nickname, Password, ProfileEdit, UserId, Username,
};
use jmessage_sign::MasterSecret;
use std::{env, error::Error, fmt::Write as _, io, io::Write};

pub(crate) use people::{keep_contact, let_broadcast, list_contacts, notify};

type Failure = Box<dyn Error + Send + Sync>;

/// Users read at a time.
const PAGE: usize = 1000;

pub(crate) async fn create_app(
    config: &Config,
    key: Option<String>,
    name: String,
    secret_stdin: bool,
) -> Result<(), Failure> {
    let key = match key {
        Some(key) => AppKey::new(&key).map_err(|error| format!("key {error}"))?,
        None => AppKey::new(&random_hex(12)?)?,
    };
    let given = given_secret("JMESSAGE_MASTER_SECRET", secret_stdin)?;
    let made = given.is_none();
    let secret = match given {
        Some(secret) => secret,
        None => random_hex(16)?,
    };
    MasterSecret::new(&secret).map_err(|error| error.to_string())?;
    with_core(config, async |core| {
        core.create_app(key.clone(), name, secret.clone())
            .await
            .map_err(|error| format!("app {key}: {error}"))?;
        writeln!(io::stdout(), "appKey {key}")?;
        if made {
            writeln!(io::stdout(), "masterSecret {secret}")?;
        }
        Ok(())
    })
    .await
}

pub(crate) async fn list_apps(config: &Config) -> Result<(), Failure> {
    with_core(config, async |core| {
        for app in core.apps().await? {
            writeln!(io::stdout(), "{}\t{}\t{}", app.id, app.key, app.name)?;
        }
        Ok(())
    })
    .await
}

pub(crate) async fn add_user(
    config: &Config,
    app: &str,
    username: &str,
    nickname: &str,
    password_stdin: bool,
) -> Result<(), Failure> {
    let name = Username::new(username).map_err(|error| format!("username {error}"))?;
    let nickname = Nickname::new(nickname).map_err(|error| format!("nickname {error}"))?;
    let password = password(password_stdin)?;
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let created = core.create_user(app.id, name, nickname, password).await;
        let id = created.map_err(|error| format!("user {username}: {error}"))?;
        writeln!(io::stdout(), "{id}\t{username}")?;
        Ok(())
    })
    .await
}

pub(crate) async fn edit_user(
    config: &Config,
    app: &str,
    username: &str,
    profile: ProfileArgs,
) -> Result<(), Failure> {
    let edit = checked(profile)?;
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let edited = core.edit_user(app.id, username, edit).await;
        Ok(edited.map_err(|error| format!("user {username}: {error}"))?)
    })
    .await
}

/// The profile as the domain knows it, or what is wrong with it.
fn checked(profile: ProfileArgs) -> Result<ProfileEdit, String> {
    let ProfileArgs { nickname, avatar, gender, star, signature, region, address } = profile;
    let gender = gender.map(|number| Gender::from_stored(number).ok_or("gender must be 0, 1 or 2"));
    Ok(ProfileEdit {
        nickname: text("nickname", nickname.as_deref(), Nickname::new)?,
        avatar: text("avatar", avatar.as_deref(), AvatarPath::new)?,
        gender: gender.transpose()?,
        star,
        signature: text("signature", signature.as_deref(), Description::new)?,
        region: text("region", region.as_deref(), Description::new)?,
        address: text("address", address.as_deref(), Description::new)?,
    })
}

fn text<T>(
    name: &str,
    given: Option<&str>,
    parse: fn(&str) -> Result<T, NameError>,
) -> Result<Option<T>, String> {
    given.map(parse).transpose().map_err(|error| format!("{name} {error}"))
}

pub(crate) async fn change_password(
    config: &Config,
    app: &str,
    username: &str,
    password_stdin: bool,
) -> Result<(), Failure> {
    let password = password(password_stdin)?;
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let changed = core.set_password(app.id, username, password).await;
        Ok(changed.map_err(|error| format!("user {username}: {error}"))?)
    })
    .await
}

pub(crate) async fn list_users(config: &Config, app: &str) -> Result<(), Failure> {
    with_core(config, async |core| {
        let app = find_app(core, app).await?;
        let mut after = UserId(0);
        loop {
            let page = core.users(app.id, after, PAGE).await?;
            for user in &page {
                writeln!(io::stdout(), "{}\t{}\t{}", user.card.id, user.card.name, user.card.nickname)?;
            }
            match page.last() {
                Some(last) => after = last.card.id,
                None => return Ok(()),
            }
        }
    })
    .await
}

/// Opens the domain, does the work, and closes the store whatever came of it.
async fn with_core<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Core) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (_lock, core) = run::open_for_command(config)?;
    let result = work(&core).await;
    core.stop().await;
    result
}

async fn find_app(core: &Core, key: &str) -> Result<AppRecord, Failure> {
    let parsed = AppKey::new(key).map_err(|error| format!("app key {error}"))?;
    Ok(core.app(&parsed).await.map_err(|error| format!("app {key}: {error}"))?)
}

fn password(stdin: bool) -> Result<Password, Failure> {
    let given = given_secret("JMESSAGE_PASSWORD", stdin)?;
    let given = given.ok_or("give the password by --password-stdin or in JMESSAGE_PASSWORD")?;
    Ok(Password::new(&given).map_err(|error| format!("password {error}"))?)
}

/// A secret from the first line of standard input or from the environment; never from the command line, where
/// every process could read it.
fn given_secret(variable: &str, stdin: bool) -> Result<Option<String>, Failure> {
    if !stdin {
        return Ok(env::var(variable).ok());
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() { Err("standard input has no secret".into()) } else { Ok(Some(line.to_owned())) }
}

fn random_hex(bytes: usize) -> Result<String, Failure> {
    let mut random = vec![0; bytes];
    run::random(&mut random)?;
    Ok(random.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}
