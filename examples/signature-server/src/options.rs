//! The command line and the environment.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use jmessage_sign::{Field, FieldError, MasterSecret};

use crate::callers::{Callers, Origin};
use crate::signature::Site;

/// Serves JMessage signatures to your page: GET /signature answers
/// {"appKey","timestamp","timeStamp","randomStr","signature"}, and with ?callback=name the same as JSONP.
#[derive(Parser)]
#[command(version, after_help = "Exit codes: 0 stopped by a signal, 1 cannot listen, 2 wrong arguments.")]
pub(crate) struct Options {
    /// Address to listen on; port 0 takes a free one. The bound URL is printed on standard output
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "HOST:PORT")]
    listen: String,

    /// The application's key
    #[arg(long, env = "JMESSAGE_APP_KEY", value_name = "KEY")]
    app_key: String,

    /// The application's master secret. Prefer the environment: arguments stand in the process list
    #[arg(long, env = "JMESSAGE_MASTER_SECRET", hide_env_values = true, value_name = "SECRET")]
    master_secret: String,

    /// A site whose pages may ask, such as https://chat.example.com. Repeat it for more. Pages from this
    /// server's own address may always ask
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    allow_origin: Vec<Origin>,
}

impl Options {
    /// The address to listen on and what to serve there. Ends the process with exit code 2 if something is
    /// wrong. Key and secret are checked here and not by clap, which would print the refused value.
    pub(crate) fn from_command_line() -> (String, Site) {
        let options = Self::parse();
        let refuse =
            |error: FieldError| -> ! { Self::command().error(ErrorKind::ValueValidation, error).exit() };
        if let Err(error) = Field::AppKey.check(&options.app_key) {
            refuse(error)
        }
        let secret = MasterSecret::new(&options.master_secret).unwrap_or_else(|error| refuse(error));
        let callers = Callers::new(options.allow_origin);
        (options.listen, Site { app_key: options.app_key, secret, callers })
    }
}
