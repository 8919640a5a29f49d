//! `cargo xtask demo`: from a clean checkout to two people chatting in a browser.

use crate::run::Cmd;
use crate::serve::{self, Child};
use crate::workspace::Workspace;
use crate::{demo_data, output, pkg, site, tools};
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

/// How many ports above the wished one are tried.
const PORTS: u16 = 100;
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port of the page; the next free one is taken when it is in use.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address to listen on; 0.0.0.0 lets other machines of the network in.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Build without optimisation: sooner ready, slower to run.
    #[arg(long)]
    debug: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    let profile = if args.debug { "debug" } else { "release" };
    tools::c_compiler()?;
    pkg::prepare(&ws)?;
    pkg::build(&ws, false, Cmd::run)?;
    output::stage("Building the server and the signature server");
    let mut build =
        ws.cmd("cargo").args(["build", "--package", "jmessage-server", "--package", "signature-server"]);
    if !args.debug {
        build = build.args(["--release"]);
    }
    build.run()?;

    output::stage("Preparing the page and the accounts");
    let site = site::assemble(&ws)?;
    let app = demo_data::prepare(&ws, profile)?;

    // From here on Ctrl-C ends the servers first.
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        // Nobody receives once the command has ended.
        let _ = interrupt.send(());
    })
    .context("cannot handle Ctrl-C")?;

    output::stage("Starting");
    let address = free_address(args.listen, args.port)?;
    let host = reachable(args.listen);
    let page = format!("http://{}", SocketAddr::new(host, address.port()));
    let mut signer = ws
        .cmd(&ws.binary(profile, "signature-server").to_string_lossy())
        .env("JMESSAGE_APP_KEY", demo_data::APP_KEY)
        .env("JMESSAGE_MASTER_SECRET", &app.master_secret)
        .args(["--listen", &SocketAddr::new(args.listen, 0).to_string(), "--allow-origin", &page]);
    if host.is_loopback() {
        signer = signer.args(["--allow-origin", &format!("http://localhost:{}", address.port())]);
    }
    let (mut signer, signer_url) = Child::start("signature-server", signer, PATIENCE, serve::listening)?;
    let signer_port = signer_url.rsplit(':').next().unwrap_or_default();
    let signature = format!("http://{}/signature", host_port(host, signer_port));
    site::write_config(&site, demo_data::APP_KEY, &signature, &demo_data::ACCOUNTS)?;

    let server = ws
        .cmd(&ws.binary(profile, "jmessage-server").to_string_lossy())
        .args(["serve", "--listen", &address.to_string()])
        .args([std::ffi::OsStr::new("--data-dir"), app.data_dir.as_os_str()])
        .args([std::ffi::OsStr::new("--static-dir"), site.as_os_str()]);
    let (mut server, _) = Child::start("jmessage-server", server, PATIENCE, serve::listening)?;
    serve::wait_healthy(SocketAddr::new(local(args.listen), address.port()), "/healthz", PATIENCE)?;
    println!("{}", welcome(&page, &app.data_dir.to_string_lossy()));
    wait(&interrupted, &mut [&mut server, &mut signer])
    // Dropped in reverse order of their start: the server first, then the signer.
}

/// Returns when Ctrl-C was pressed; errs when a server ended by itself.
fn wait(interrupted: &mpsc::Receiver<()>, children: &mut [&mut Child]) -> Result<()> {
    loop {
        match interrupted.recv_timeout(Duration::from_millis(300)) {
            Ok(()) => return Ok(()),
            Err(mpsc::RecvTimeoutError::Disconnected) => bail!("nobody listens to Ctrl-C"),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        for child in &mut *children {
            if let Some(status) = child.ended()? {
                bail!("{} ended by itself, with {status}", child.name());
            }
        }
    }
}

/// The wished port or the next free one, on that address.
fn free_address(ip: IpAddr, port: u16) -> Result<SocketAddr> {
    let last = port.saturating_add(PORTS);
    for candidate in port..=last {
        // Bound for a moment only: the server binds it again.
        if let Ok(listener) = TcpListener::bind((ip, candidate)) {
            if candidate != port && port != 0 {
                output::note(&format!("port {port} is in use, taking {candidate}"));
            }
            return listener.local_addr().context("a bound socket has an address");
        }
    }
    bail!("no free port on {ip} from {port} to {last}")
}

/// The address a browser is told: of this machine's network when all are listened on.
fn reachable(ip: IpAddr) -> IpAddr {
    if !ip.is_unspecified() {
        return ip;
    }
    // Connecting a UDP socket sends nothing; it only asks which of our addresses leads outside.
    let outside = || -> std::io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        Ok(socket.local_addr()?.ip())
    };
    outside().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// The address at which we reach a server that listens on `ip`.
fn local(ip: IpAddr) -> IpAddr {
    if ip.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { ip }
}

fn host_port(host: IpAddr, port: &str) -> String {
    if host.is_ipv6() { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn welcome(page: &str, data: &str) -> String {
    let rule = "─".repeat(64);
    let mut text = format!("\n{rule}\n\n    The demo runs at   {page}\n\n");
    text.push_str("    Open it in two browser windows and sign in as two people:\n\n");
    for (username, nickname) in demo_data::ACCOUNTS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "        {username:<8} {}   {nickname}", demo_data::PASSWORD);
    }
    let _ = write!(text, "\n    Ctrl-C stops it; the messages stay in {data}.\n{rule}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        if port < u16::MAX {
            let free = free_address(IpAddr::V4(Ipv4Addr::LOCALHOST), port).unwrap();
            assert_ne!(free.port(), port);
        }
    }

    #[test]
    fn every_account_is_named_in_the_welcome() {
        let text = welcome("http://127.0.0.1:8080", "data");
        assert!(text.contains("http://127.0.0.1:8080"));
        assert!(demo_data::ACCOUNTS.iter().all(|(name, nick)| text.contains(name) && text.contains(nick)));
    }
}
