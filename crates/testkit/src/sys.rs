//! Figures that Linux keeps about processes, and where processes may run.

use anyhow::{Context, Result};
use rustix::{
    process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};
use std::{fs, time::Duration};

/// User and system time of all threads of a process so far, to the kernel's clock tick (10 ms).
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')').context("/proc/PID/stat has no name")?;
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Ok(Duration::from_secs(ticks).div_f64(clock_ticks_per_second()))
}

/// Resident memory of a process, in bytes.
pub fn resident_memory(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")?;
    Ok(kib * 1024)
}

/// A process and all that it has started, directly or not, as far as they live.
pub fn tree(root: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process that ended meanwhile is none of the tree.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let parent =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.push((pid, parent.context("/proc/PID/stat has no parent")?));
    }
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(pid) = tree.get(next).copied() {
        tree.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| child));
        next += 1;
    }
    Ok(tree)
}

/// How many threads wanted to run, on average over the last minute. What else the machine does disturbs a measurement.
pub fn load_average() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    text.split(' ').next().context("/proc/loadavg is empty")?.parse().context("/proc/loadavg has no number")
}

/// The CPUs this process may use, in ascending order.
pub fn allowed_cpus() -> Result<Vec<usize>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
}

/// Binds the calling thread, and every thread and process it starts from now on, to one CPU.
pub fn run_on(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None::<Pid>, &set)?)
}

/// Raises the limit of open files, for this process and those it starts, as far as is allowed. Returns the limit.
pub fn raise_open_files() -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// Lets another process write no file beyond so many bytes, or takes the limit away: writing fails as on a full disk. The
/// process must ignore SIGXFSZ.
pub fn limit_file_size(pid: u32, bytes: Option<u64>) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no process id")?;
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(pid), Resource::Fsize, limit).context("prlimit")?;
    Ok(())
}

fn clock_ticks_per_second() -> f64 {
    let ticks = u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100);
    f64::from(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn this_process_has_memory_and_uses_time() {
        let pid = std::process::id();
        assert!(resident_memory(pid).unwrap() > 100_000);
        let before = cpu_time(pid).unwrap();
        while cpu_time(pid).unwrap() < before + Duration::from_millis(20) {
            std::hint::black_box((0..10_000).sum::<u64>());
        }
        assert!(!allowed_cpus().unwrap().is_empty());
    }

    #[test]
    fn a_tree_is_a_process_and_its_descendants() {
        let mut shell = Command::new("sh").args(["-c", "cat; true"]).stdin(Stdio::piped()).spawn().unwrap();
        while tree(shell.id()).unwrap().len() < 2 {
            std::thread::yield_now();
        }
        assert_eq!(tree(shell.id()).unwrap().len(), 2);
        assert!(tree(std::process::id()).unwrap().contains(&shell.id()));
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}
