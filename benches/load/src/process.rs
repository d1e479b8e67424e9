//! What Linux knows about a process and its descendants.

use std::fs;
use std::ops::{AddAssign, Div, Sub};

/// CPU time. Unit: seconds, in steps of the kernel's clock tick (usually 0.01).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Cpu {
    /// In user mode.
    pub(crate) user: f64,
    /// In the kernel on the process's behalf, which includes its share of loopback TCP.
    pub(crate) system: f64,
}

impl Cpu {
    /// User and system.
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
        }
    }
}

impl Div<f64> for Cpu {
    type Output = Self;

    fn div(self, times: f64) -> Self {
        Self {
            user: self.user / times,
            system: self.system / times,
        }
    }
}

impl AddAssign for Cpu {
    fn add_assign(&mut self, other: Self) {
        self.user += other.user;
        self.system += other.system;
    }
}

/// Resident memory. Unit: bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Now (`VmRSS`).
    pub(crate) now: u64,
    /// The most so far (`VmHWM`).
    pub(crate) peak: u64,
}

/// The CPU time of `pid`, its living descendants and the children they have waited for; zero for
/// what is gone.
pub(crate) fn cpu(pid: u32) -> Cpu {
    let mut sum = Cpu::default();
    for pid in family(pid) {
        // utime, stime, cutime, cstime: fields 14 to 17 of proc_pid_stat(5).
        let ticks = stat(&format!("/proc/{pid}/stat"), 14..18);
        if let [user, system, children_user, children_system] = ticks[..] {
            sum += seconds(user + children_user, system + children_system);
        }
    }
    sum
}

/// The kernel's id of the calling thread.
pub(crate) fn this_thread() -> u32 {
    rustix::thread::gettid()
        .as_raw_nonzero()
        .get()
        .cast_unsigned()
}

/// The CPU time of one thread of this process.
pub(crate) fn thread_cpu(tid: u32) -> Cpu {
    match stat(&format!("/proc/self/task/{tid}/stat"), 14..16)[..] {
        [user, system] => seconds(user, system),
        _ => Cpu::default(),
    }
}

/// The resident memory of `pid` and its living descendants, pages they share counted twice.
pub(crate) fn memory(pid: u32) -> Memory {
    let mut sum = Memory::default();
    for pid in family(pid) {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        sum.now += kibibytes(&status, "VmRSS:") * 1024;
        sum.peak += kibibytes(&status, "VmHWM:") * 1024;
    }
    sum
}

/// Time on a CPU of all threads of `pid` that live. Unit: seconds, exact to the nanosecond.
pub(crate) fn exact_cpu(pid: u32) -> f64 {
    let mut nanos = 0;
    for task in tasks(pid) {
        let line = fs::read_to_string(format!("{task}/schedstat")).unwrap_or_default();
        nanos += line
            .split(' ')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0_u64);
    }
    nanos as f64 / 1e9
}

/// Open sockets of `pid`.
pub(crate) fn sockets(pid: u32) -> usize {
    let files = fs::read_dir(format!("/proc/{pid}/fd"));
    let links = files.into_iter().flatten().flatten();
    links
        .filter_map(|file| fs::read_link(file.path()).ok())
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count()
}

/// The machine in one line: CPU model, CPUs, kernel, memory, load.
pub(crate) fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{}, {} CPUs, {} MiB, Linux {}; {}",
        model.map_or("unknown CPU", |(_, model)| model),
        std::thread::available_parallelism().map_or(0, usize::from),
        kibibytes(&memory, "MemTotal:") / 1024,
        kernel.trim(),
        load(),
    )
}

/// How busy the machine has been: more than the run itself explains makes figures unfit for print.
pub(crate) fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "load average {}",
        averages.split(' ').take(3).collect::<Vec<_>>().join(" ")
    )
}

/// `pid` and all its descendants, parents first.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(&pid) = family.get(at) {
        for task in tasks(pid) {
            let children = fs::read_to_string(format!("{task}/children")).unwrap_or_default();
            family.extend(
                children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
        at += 1;
    }
    family
}

/// The folders of the threads of `pid`.
fn tasks(pid: u32) -> impl Iterator<Item = String> {
    let folders = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    folders.map(|folder| folder.path().to_string_lossy().into_owned())
}

/// Numeric fields of a stat file, numbered from 1 as in the manual; empty if there is no such file.
fn stat(path: &str, fields: std::ops::Range<usize>) -> Vec<u64> {
    let line = fs::read_to_string(path).unwrap_or_default();
    // The name in field 2 may contain anything, so count from its closing parenthesis.
    let behind_name = line.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let wanted = behind_name
        .split(' ')
        .skip(fields.start - 3)
        .take(fields.len());
    wanted.filter_map(|field| field.parse().ok()).collect()
}

fn seconds(user: u64, system: u64) -> Cpu {
    let tick = rustix::param::clock_ticks_per_second() as f64;
    Cpu {
        user: user as f64 / tick,
        system: system as f64 / tick,
    }
}

fn kibibytes(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|value| value.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_cpu_time_and_memory_of_a_busy_process_show() {
        let mut child = Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn()
            .unwrap();
        let (pid, started) = (child.id(), std::time::Instant::now());
        while cpu(pid).total() < 0.05 && started.elapsed().as_secs() < 20 {
            std::thread::yield_now();
        }
        let (cpu, exact_cpu, memory) = (cpu(pid), exact_cpu(pid), memory(pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(cpu.user >= 0.02 && exact_cpu >= 0.04, "{cpu:?} {exact_cpu}");
        assert!(
            memory.now > 100_000 && memory.peak >= memory.now,
            "{memory:?}"
        );
        assert_eq!(super::cpu(pid), Cpu::default());
    }

    #[test]
    fn children_count() {
        let mut child = Command::new("sleep").arg("20").spawn().unwrap();
        let found = family(std::process::id()).contains(&child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found);
    }
}
