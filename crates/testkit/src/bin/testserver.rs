//! A server for tests in a browser: App `4f7aef34fb361292c566a1cd`, users `alice001` … `alice020` and `bobby001` …
//! `bobby020` with the password `pass1234`, every origin welcome.
//!
//! Prints `{"url":"http://127.0.0.1:…"}` once it serves, and runs until standard input closes.

use anyhow::Result;
use jmessage_testkit::TestServer;
use std::io::Read;

#[tokio::main]
async fn main() -> Result<()> {
    let server = TestServer::start().await?;
    println!("{}", serde_json::json!({ "url": server.url() }));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    server.stop().await;
    Ok(())
}
