//! Connections that have nothing to say: what each of them costs in memory.

use crate::{
    link::{Reader, Writer},
    meter::Figures,
    target::Target,
};
use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Logins under way at the same time.
const AT_ONCE: usize = 32;
/// Connections opened before the first reading, so that what the process allocates once is not counted.
const FIRST: usize = 100;

/// Opens `connections` logged-in connections.
pub(crate) async fn logged_in(target: &Target, connections: usize) -> Result<Figures> {
    let (links, figures) = weigh(target, connections, async |index| target.enter(index).await).await?;
    for (mut writer, mut reader) in links {
        let (question, answer) = writer.wire().alive();
        writer.put(question.to_owned()).await?;
        writer.flush().await?;
        let mut frames = Vec::new();
        while !frames.iter().any(|frame: &Utf8Bytes| frame.starts_with(answer)) {
            reader.take(&mut frames).await?;
            for frame in frames.iter().filter(|frame| !frame.starts_with(answer)) {
                reader.wire().read(frame)?;
            }
        }
    }
    Ok(figures)
}

/// Opens `connections` connections to an echo, each after one frame.
pub(crate) async fn echo(target: &Target, connections: usize) -> Result<Figures> {
    let open = async |_| {
        let (mut writer, mut reader) = target.connect().await?;
        writer.put("hello".to_owned()).await?;
        writer.flush().await?;
        reader.one().await?;
        Ok((writer, reader))
    };
    weigh(target, connections, open).await.map(|(_, figures)| figures)
}

/// The links stay open until the caller drops them.
async fn weigh(
    target: &Target,
    connections: usize,
    open: impl AsyncFn(usize) -> Result<(Writer, Reader)>,
) -> Result<(Vec<(Writer, Reader)>, Figures)> {
    let open_range = async |from: usize, to: usize| {
        stream::iter(from..to)
            .map(|index| open(index))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await
    };
    let mut links = open_range(0, FIRST.min(connections)).await?;
    let before = target.memory()?;
    links.extend(open_range(links.len(), connections).await?);
    let grown = target.memory()?.saturating_sub(before);
    let counted = u32::try_from(connections.saturating_sub(FIRST).max(1))?;
    let memory = u32::try_from(grown).map(f64::from)? / f64::from(counted);
    Ok((links, Figures { memory: Some(memory), ..Figures::default() }))
}
