//! The command lines and the configuration of servers of others.

use super::xmpp::{HOST, ROOMS};
use anyhow::Result;
use std::{fs, net::TcpListener, path::Path};
use tokio::process::Command;

/// A port that nobody listens on. Neither XMPP server can choose one and say which.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// See the script.
pub(crate) fn socketio(script: &Path, data: &Path, users: usize) -> Command {
    let mut command = Command::new("node");
    command.arg(script).arg(data).arg(users.to_string()).env("NODE_ENV", "production");
    command
}

/// With its archive in files, which is its fastest.
pub(crate) fn prosody(program: &Path, data: &Path, port: u16) -> Result<Command> {
    let config = data.join("prosody.cfg.lua");
    let directory = data.display();
    fs::create_dir(data.join("certs"))?;
    let text = format!(
        r#"
data_path = "{directory}/data"
pidfile = "{directory}/prosody.pid"
run_as_root = true
log = {{ error = "{directory}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
modules_enabled = {{ "saslauth", "register_ibr", "ping", "mam" }}
modules_disabled = {{ "s2s", "tls", "http" }}
authentication = "internal_plain"
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
storage = "internal"
default_archive_policy = true
-- Otherwise a list of all users who write is written anew for each of them, every day.
archive_expires_after = "never"

VirtualHost "{HOST}"

Component "{ROOMS}" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_room_locking = false
    muc_log_by_default = true
    muc_log_expires_after = "never"
    -- Who enters need not be told to all others.
    muc_room_default_presence_broadcast = {{ visitor = false, participant = false, moderator = false }}
"#
    );
    fs::write(&config, text)?;
    let mut command = Command::new(program);
    command.arg("--config").arg(config).arg("-F");
    Ok(command)
}

/// With its archive in Mnesia, which is its fastest. A node without a name needs no epmd and no cookie.
pub(crate) fn ejabberd(libraries: &Path, data: &Path, port: u16) -> Result<Command> {
    let config = data.join("ejabberd.yml");
    let text = format!(
        r#"
hosts: ["{HOST}"]
loglevel: error
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    starttls: false
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
acl:
  local:
    user_regexp: ""
access_rules:
  local:
    allow: local
modules:
  mod_register:
    ip_access: all
  mod_ping: {{}}
  mod_mam:
    db_type: mnesia
    default: always
  mod_muc:
    host: "{ROOMS}"
    max_users: 10000
    default_room_options:
      presence_broadcast: []
      mam: true
      max_users: 10000
"#
    );
    fs::write(&config, text)?;
    let mut command = Command::new("erl");
    command
        .args(["-noinput", "-mnesia", "dir"])
        // An Erlang term: a string in quotes.
        .arg(format!("{:?}", data.join("mnesia").display().to_string()))
        .args(["-s", "ejabberd"])
        .env("ERL_LIBS", libraries)
        .env("ERL_CRASH_DUMP_SECONDS", "0")
        .env("EJABBERD_CONFIG_PATH", config)
        .env("EJABBERD_LOG_PATH", data.join("ejabberd.log"));
    Ok(command)
}
