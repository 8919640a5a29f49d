//! A small file system in memory that only this test sees, in a mount namespace of its own.

use anyhow::{Context, Result, ensure};
use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Mounts it over a directory, and puts into it what was there.
const MOUNT: &str = r#"set -e
cp -a "$1/." "$2"
mount -t tmpfs -o "size=$3,mode=700" tmpfs "$1"
cp -a "$2/." "$1"
echo ready
exec cat"#;

/// The same as the privileged, or as somebody who is so in a namespace of users.
const NAMESPACES: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

pub(crate) struct SmallDisk {
    /// The namespace lasts as long as this.
    holder: Child,
    is_others: bool,
    directory: PathBuf,
}

impl SmallDisk {
    /// One of so many bytes in the place of a directory; none if this system lets nobody mount anything.
    pub(crate) async fn over(directory: &Path, bytes: usize) -> Result<Option<Self>> {
        for (namespaces, is_others) in NAMESPACES.into_iter().zip([false, true]) {
            let before = TempDir::new()?;
            let mut holder = Command::new("unshare")
                .args(namespaces)
                .args(["sh", "-c", MOUNT, "sh"])
                .args([directory, before.path()])
                .arg(bytes.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .context("unshare")?;
            let said = BufReader::new(holder.stdout.take().context("no output")?).lines().next_line().await?;
            if said.as_deref() == Some("ready") {
                return Ok(Some(Self { holder, is_others, directory: directory.to_owned() }));
            }
        }
        Ok(None)
    }

    /// A command that sees it.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.pid()?.to_string()).arg("--mount");
        if self.is_others {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg(program);
        Ok(command)
    }

    /// Writes a file until there is no space left.
    pub(crate) fn fill(&self) -> Result<()> {
        let mut file = File::create(self.filling()?)?;
        // The last byte that is free.
        for size in [1 << 20, 4096, 1] {
            let bytes = vec![1; size];
            let error = loop {
                if let Err(error) = file.write_all(&bytes) {
                    break error;
                }
            };
            ensure!(error.kind() == ErrorKind::StorageFull, "{error}");
        }
        Ok(())
    }

    /// There is space again.
    pub(crate) fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.filling()?)?)
    }

    /// Puts what is in it where everybody sees it.
    pub(crate) fn take_back(&self) -> Result<()> {
        for file in fs::read_dir(self.outside()?)? {
            let file = file?;
            if file.file_type()?.is_file() {
                fs::copy(file.path(), self.directory.join(file.file_name()))?;
            }
        }
        Ok(())
    }

    fn filling(&self) -> Result<PathBuf> {
        Ok(self.outside()?.join("filling"))
    }

    fn outside(&self) -> Result<PathBuf> {
        let root = PathBuf::from(format!("/proc/{}/root", self.pid()?));
        Ok(root.join(self.directory.strip_prefix("/")?))
    }

    fn pid(&self) -> Result<u32> {
        self.holder.id().context("nobody holds the namespace any more")
    }
}
