//! SIGKILL at any moment, behind a network that misbehaves.

use crate::stage::Stage;
use anyhow::Result;
use jmessage_testkit::live::Habits;
use std::time::Duration;
use tokio::time::sleep;

const KILLS: usize = 24;
/// How many messages each page says between two kills.
const EACH: usize = 6;

#[tokio::test]
async fn kills_under_load_behind_a_bad_network_lose_and_double_nothing() -> Result<()> {
    let mut stage = Stage::new(12, 10).await?;
    stage.proxy.behave(Habits { breaks: 25, stalls: 5, half_open: 8, slices: 25, delays: 25 });
    stage.open_pages();
    for _ in 0..KILLS {
        let server = stage.serve(&[]).await?;
        stage.say(EACH);
        // A random moment is what is wanted here; nothing depends on how far the server comes.
        sleep(Duration::from_millis(20 + u64::try_from(stage.dice.below(400))?)).await;
        stage.kill(server).await?;
    }
    stage.proxy.behave(Habits::default());
    let server = stage.serve(&[]).await?;
    stage.say(1);
    println!("{} connections through the proxy", stage.proxy.connections());
    stage.judge(server).await
}
