//! The smallest developer's server: one route, `GET /signature`, that vouches for your page.
//!
//! This is the part that you port to your own back end. Read `signature.rs` first: it is the whole idea.
//! `callers.rs` decides which pages may ask, `options.rs` is the command line. It must never know users,
//! passwords or messages: those are between the page and the chat server.

mod callers;
mod options;
mod signature;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::options::Options;
use crate::signature::Site;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (listen, site) = Options::from_command_line();
    match run(&listen, site).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("signature-server: {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(listen: &str, site: Site) -> io::Result<()> {
    let routes = Router::new()
        .route("/signature", get(signature::answer).options(signature::preflight))
        .with_state(Arc::new(site));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(listen).await?;
    // With port 0 only the system knows the port, so say where we are; scripts read this line.
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    axum::serve(listener, routes)
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await
}
