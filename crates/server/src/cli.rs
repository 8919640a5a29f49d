//! The command line.

use crate::{Config, ConfigError, Settings, admin, run, settings::LogFormat};
use clap::{Args, Parser, Subcommand};
use std::{error::Error, io, io::Write, path::PathBuf, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// A chat server for JMessage web pages.
///
/// Every setting can be given by flag, by environment variable, or in a TOML file under the flag's name
/// (`listen = "0.0.0.0:8080"`); flags win over the environment, the environment over the file.
#[derive(Parser)]
#[command(name = "jmessage-server", version)]
struct Cli {
    /// File of settings.
    #[arg(long, short, global = true, env = "JMESSAGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until SIGTERM or Ctrl-C; prints `listening on http://…` when it serves.
    Serve(Box<Settings>),
    /// Check the settings and print those in force, as a file that says the same.
    CheckConfig(Box<Settings>),
    /// Apps: the tenants of the server.
    #[command(subcommand)]
    App(AppCommand),
    /// Users of an app.
    #[command(subcommand)]
    User(UserCommand),
    /// Whom users have in their lists.
    #[command(subcommand)]
    Contact(ContactCommand),
    /// What users are told beside all conversations.
    #[command(subcommand)]
    Notice(NoticeCommand),
}

/// Where the database is.
#[derive(Args)]
struct Data {
    /// Directory of the database. [default: as configured, else data]
    #[arg(long, env = "JMESSAGE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Which user.
#[derive(Args)]
struct One {
    #[command(flatten)]
    data: Data,
    /// Key of the app.
    #[arg(long, visible_alias = "app-key", value_name = "KEY")]
    app: String,
    /// Name to log in with: 1 to 128 of letters, digits and _.@:-
    #[arg(long)]
    username: String,
}

/// A password to be stored.
#[derive(Args)]
struct NewPassword {
    #[command(flatten)]
    cost: Cost,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

/// What a user shows of itself. What is not given stays; an empty text takes away what was there.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub(crate) struct ProfileArgs {
    /// Name on the screen: up to 64 bytes.
    #[arg(long)]
    pub(crate) nickname: Option<String>,
    /// Picture: the path of a stored image, such as qiniu/image/…
    #[arg(long, value_name = "PATH")]
    pub(crate) avatar: Option<String>,
    /// 0 unknown, 1 male, 2 female.
    #[arg(long, value_name = "0|1|2")]
    pub(crate) gender: Option<u8>,
    /// A mark of your own making.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) star: Option<u32>,
    /// A line about oneself: up to 250 bytes, like the next two.
    #[arg(long)]
    pub(crate) signature: Option<String>,
    /// Where the user lives, roughly.
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Where the user lives.
    #[arg(long)]
    pub(crate) address: Option<String>,
}

/// What a password hash costs.
#[derive(Args)]
struct Cost {
    /// Memory of one password hash. [default: as configured, else 19456]
    #[arg(long, env = "JMESSAGE_ARGON2_MEMORY", value_name = "KIB")]
    argon2_memory: Option<u32>,
    /// Passes of one password hash. [default: as configured, else 2]
    #[arg(long, env = "JMESSAGE_ARGON2_PASSES", value_name = "COUNT")]
    argon2_passes: Option<u32>,
}

#[derive(Subcommand)]
enum AppCommand {
    /// Create an app and print its key, and its master secret if that was made here. The secret is taken
    /// from JMESSAGE_MASTER_SECRET, or from standard input, or made at random.
    Create {
        #[command(flatten)]
        data: Data,
        /// Public key of the app. [default: 24 random hex digits]
        #[arg(long)]
        key: Option<String>,
        /// What you call it.
        #[arg(long, default_value = "")]
        name: String,
        /// Read the master secret from the first line of standard input.
        #[arg(long)]
        master_secret_stdin: bool,
    },
    /// List the apps: number, key, name.
    List {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Create a user. The password is taken from JMESSAGE_PASSWORD or from standard input.
    Add {
        #[command(flatten)]
        user: One,
        #[command(flatten)]
        password: NewPassword,
        /// Name on the screen.
        #[arg(long, default_value = "")]
        nickname: String,
    },
    /// Change what a user shows of itself.
    Edit {
        #[command(flatten)]
        user: One,
        #[command(flatten)]
        profile: ProfileArgs,
    },
    /// Change a password, taken as in `add`. Sessions that are open stay; none can be resumed.
    Passwd {
        #[command(flatten)]
        user: One,
        #[command(flatten)]
        password: NewPassword,
    },
    /// Let a user speak to everybody of the app who is online.
    AllowBroadcast {
        #[command(flatten)]
        user: One,
    },
    /// Let a user not speak to everybody any more.
    DenyBroadcast {
        #[command(flatten)]
        user: One,
    },
    /// List the users of an app: number, name, nickname.
    List {
        #[command(flatten)]
        data: Data,
        /// Key of the app.
        #[arg(long, visible_alias = "app-key", value_name = "KEY")]
        app: String,
    },
}

#[derive(Subcommand)]
enum ContactCommand {
    /// Put another user into a user's list, or move it there to another group of contacts.
    Add {
        #[command(flatten)]
        user: One,
        /// Name of the other user.
        #[arg(long, value_name = "USERNAME")]
        other: String,
        /// Group of contacts: up to 64 bytes, without commas.
        #[arg(long, default_value = "", value_name = "LABEL")]
        group: String,
    },
    /// Take another user out of a user's list.
    Remove {
        #[command(flatten)]
        user: One,
        /// Name of the other user.
        #[arg(long, value_name = "USERNAME")]
        other: String,
    },
    /// List whom a user has in its list: number, name, nickname, group of contacts.
    List {
        #[command(flatten)]
        user: One,
    },
}

#[derive(Subcommand)]
enum NoticeCommand {
    /// Tell a user something.
    Add {
        #[command(flatten)]
        user: One,
        /// What: 1 to 1000 bytes.
        #[arg(long)]
        text: String,
        /// Where it leads: an http: or https: address, or a path of the site itself.
        #[arg(long, default_value = "")]
        link: String,
    },
}

type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command line; errors go to standard error, the exit code is 1 for them and 2 for wrong usage.
pub fn main() -> ExitCode {
    end_at_panics();
    let Cli { config, command } = Cli::parse();
    let result = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(config, command)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "jmessage-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Nothing goes on in a state that nobody knows; the one exception is where only the bytes of a file were looked at.
fn end_at_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        if !jmessage_gateway::is_guarded() {
            std::process::abort();
        }
    }));
}

async fn run(file: Option<PathBuf>, command: Command) -> Result<(), Failure> {
    let with_file = |settings: Settings| match &file {
        Some(path) => Ok(settings.or(Settings::from_file(path)?)),
        None => Ok::<_, ConfigError>(settings),
    };
    let resolve = |settings| with_file(settings)?.resolve();
    let data = |data: Data| resolve(Settings { data_dir: data.data_dir, ..Settings::default() });
    let hashing = |data: Data, cost: Cost| {
        let Cost { argon2_memory, argon2_passes } = cost;
        resolve(Settings { data_dir: data.data_dir, argon2_memory, argon2_passes, ..Settings::default() })
    };
    match command {
        Command::Serve(settings) => serve(resolve(*settings)?).await,
        Command::CheckConfig(settings) => {
            let settings = with_file(*settings)?;
            settings.clone().resolve()?;
            write!(io::stdout(), "{}", settings.in_force().to_toml()?)?;
            Ok(())
        }
        Command::App(AppCommand::Create { data: at, key, name, master_secret_stdin }) => {
            admin::create_app(&data(at)?, key, name, master_secret_stdin).await
        }
        Command::App(AppCommand::List { data: at }) => admin::list_apps(&data(at)?).await,
        Command::User(UserCommand::Add { user, password, nickname }) => {
            let config = hashing(user.data, password.cost)?;
            admin::add_user(&config, &user.app, &user.username, &nickname, password.password_stdin).await
        }
        Command::User(UserCommand::Edit { user, profile }) => {
            admin::edit_user(&data(user.data)?, &user.app, &user.username, profile).await
        }
        Command::User(UserCommand::Passwd { user, password }) => {
            let config = hashing(user.data, password.cost)?;
            admin::change_password(&config, &user.app, &user.username, password.password_stdin).await
        }
        Command::User(UserCommand::AllowBroadcast { user }) => {
            admin::let_broadcast(&data(user.data)?, &user.app, &user.username, true).await
        }
        Command::User(UserCommand::DenyBroadcast { user }) => {
            admin::let_broadcast(&data(user.data)?, &user.app, &user.username, false).await
        }
        Command::User(UserCommand::List { data: at, app }) => admin::list_users(&data(at)?, &app).await,
        Command::Contact(ContactCommand::Add { user, other, group }) => {
            let config = data(user.data)?;
            admin::keep_contact(&config, &user.app, &user.username, &other, Some(&group)).await
        }
        Command::Contact(ContactCommand::Remove { user, other }) => {
            admin::keep_contact(&data(user.data)?, &user.app, &user.username, &other, None).await
        }
        Command::Contact(ContactCommand::List { user }) => {
            admin::list_contacts(&data(user.data)?, &user.app, &user.username).await
        }
        Command::Notice(NoticeCommand::Add { user, text, link }) => {
            admin::notify(&data(user.data)?, &user.app, &user.username, &text, &link).await
        }
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    start_log(&config)?;
    // Before anybody can know that the server is there.
    let stop = asked_to_stop()?;
    let running = run::serve(config).await?;
    writeln!(io::stdout(), "listening on http://{}", running.addr)?;
    io::stdout().flush()?;
    let core = running.core.clone();
    tokio::select! {
        () = stop => {}
        () = core.failed() => {}
    }
    running.stop().await;
    if core.has_failed() {
        return Err(
            "the disk did not sync; what it holds is looked at when the server is started again".into()
        );
    }
    Ok(())
}

fn start_log(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match config.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    }
}

/// Listens to what asks the process to stop, from now on; the future tells when it was asked.
#[cfg(unix)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Listens to what asks the process to stop, from now on; the future tells when it was asked.
#[cfg(windows)]
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
