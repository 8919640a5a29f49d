//! The command line.

use crate::{Config, ConfigError, Settings, admin, config::LogFormat, run};
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
}

/// Where the database is.
#[derive(Args)]
struct Data {
    /// Directory of the database. [default: as configured, else data]
    #[arg(long, env = "JMESSAGE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
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
        data: Data,
        #[command(flatten)]
        cost: Cost,
        /// Key of the app.
        #[arg(long)]
        app: String,
        /// Name to log in with: 4 to 128 of letters, digits and _.@-
        #[arg(long)]
        username: String,
        /// Name on the screen.
        #[arg(long, default_value = "")]
        nickname: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change a password, taken as in `add`. Sessions that are open stay; none can be resumed.
    Passwd {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        cost: Cost,
        /// Key of the app.
        #[arg(long)]
        app: String,
        /// Whose password.
        #[arg(long)]
        username: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the users of an app: number, name, nickname.
    List {
        #[command(flatten)]
        data: Data,
        /// Key of the app.
        #[arg(long)]
        app: String,
    },
}

type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command line; errors go to standard error, the exit code is 1 for them and 2 for wrong usage.
pub fn main() -> ExitCode {
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
        Command::User(UserCommand::Add { data: at, cost, app, username, nickname, password_stdin }) => {
            admin::add_user(&hashing(at, cost)?, &app, &username, &nickname, password_stdin).await
        }
        Command::User(UserCommand::Passwd { data: at, cost, app, username, password_stdin }) => {
            admin::change_password(&hashing(at, cost)?, &app, &username, password_stdin).await
        }
        Command::User(UserCommand::List { data: at, app }) => admin::list_users(&data(at)?, &app).await,
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    start_log(&config)?;
    let running = run::serve(config).await?;
    writeln!(io::stdout(), "listening on http://{}", running.addr)?;
    io::stdout().flush()?;
    asked_to_stop().await?;
    running.stop().await;
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

#[cfg(unix)]
async fn asked_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        result = tokio::signal::ctrl_c() => result,
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
