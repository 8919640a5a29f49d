//! What a durable message costs in the store alone: pairs of users write in turn, so many messages in a transaction.
//!
//! `cargo run --release --package jmessage-testkit --bin storebench -- [MESSAGES] [BATCH] [PAIRS]`
//!
//! Every tenth of the messages prints its wall time and CPU time per message (user and system, in microseconds), so that
//! a cost which grows with what is stored is seen.

use anyhow::{Context, Result, anyhow};
use jmessage_core::{
    Token,
    port::{Author, Done, Fence, Op, Target, Writer},
};
use jmessage_model::{
    AppId, AppKey, ClientKey, Content, Epoch, Millis, Nickname, Platform, UserId, Username,
};
use jmessage_store::sqlite::open;
use jmessage_testkit::sys::cpu_time;
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let mut next = |default| numbers.next().unwrap_or(Ok(default));
    let (messages, batch, pairs) = (next(500_000)?, next(82)?, next(200)?);

    let directory = tempfile::tempdir()?;
    let (mut writer, _reader) = open(directory.path())?;
    let senders = senders(&mut writer, pairs)?;
    let text: String = "x".repeat(200);
    let (mut sent, mut tenth) = (0, (messages / 10).max(1));
    let (mut wall, mut cpu) = (Instant::now(), cpu_time(std::process::id())?);
    while sent < messages {
        let ops: Vec<_> =
            (sent..sent + batch).map(|number| message(&senders, number, &text)).collect::<Result<_>>()?;
        for result in writer.commit(&ops)? {
            result.map_err(|refusal| anyhow!("{refusal:?}"))?;
        }
        sent += batch;
        if sent >= tenth {
            let of = f64::from(u32::try_from(messages / 10)?);
            let micros = |time: Duration| time.as_secs_f64() * 1e6 / of;
            println!(
                "{sent:>9} messages: {:5.2} µs wall, {:5.2} µs CPU",
                micros(wall.elapsed()),
                micros(cpu_time(std::process::id())?.saturating_sub(cpu))
            );
            (wall, cpu, tenth) = (Instant::now(), cpu_time(std::process::id())?, tenth + messages / 10);
        }
    }
    Ok(())
}

/// Two users for each pair, each with a session; every other one is the first's peer.
fn senders(writer: &mut impl Writer, pairs: u64) -> Result<Vec<(Fence, UserId, Nickname)>> {
    let app = Op::CreateApp {
        key: AppKey::new("app")?,
        name: "app".into(),
        secret: "secret".into(),
        at: Millis(0),
    };
    apply(writer, app)?;
    let mut users = Vec::new();
    for number in 0..2 * pairs {
        let (name, nickname) = (Username::new(&format!("user{number:06}"))?, Nickname::new("somebody")?);
        let create = Op::CreateUser {
            app: AppId(1),
            name,
            nickname: nickname.clone(),
            password: String::new(),
            at: Millis(0),
        };
        let Done::User(user) = apply(writer, create)? else { return Err(anyhow!("no user")) };
        let token = Token::new(user, [7; 16]).digest();
        let Done::Session(epoch) =
            apply(writer, Op::OpenSession { user, platform: Platform::Web, token, at: Millis(0) })?
        else {
            return Err(anyhow!("no session"));
        };
        users.push((user, epoch, nickname));
    }
    let fence =
        |&(user, epoch, _): &(UserId, Epoch, Nickname)| Fence { user, platform: Platform::Web, epoch };
    Ok(users
        .chunks_exact(2)
        .flat_map(|pair| {
            [(fence(&pair[0]), pair[1].0, pair[0].2.clone()), (fence(&pair[1]), pair[0].0, pair[1].2.clone())]
        })
        .collect())
}

fn apply(writer: &mut impl Writer, op: Op) -> Result<Done> {
    let result = writer.commit(&[op])?.pop().context("no answer")?;
    result.map_err(|refusal| anyhow!("{refusal:?}"))
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder is an index")]
fn message(senders: &[(Fence, UserId, Nickname)], number: u64, text: &str) -> Result<Op> {
    let (fence, peer, nickname) = &senders[(number % senders.len() as u64) as usize];
    // As the clients make them: a beginning of the page's own, and a count.
    let key = format!(
        "{:016x}-{}",
        fence.user.0.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        number / senders.len() as u64
    );
    Ok(Op::Append {
        by: Author::Session(*fence),
        app: AppId(1),
        to: Target::User(*peer),
        nickname: nickname.clone(),
        key: ClientKey::new(&key)?,
        content: Content::Text(text.into()),
        at: Millis(number),
    })
}
