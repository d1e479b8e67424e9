//! How many CPUs the process may use: what the scheduler allows and what the cgroup grants.
//!
//! The standard library's figure cuts a quota of 1.9 CPUs down to 1; here it is rounded, and
//! only up to 1.5 CPUs count as one.

use std::fs;
use std::path::{Path, PathBuf};

/// The number of workers to run, at least 1.
pub(crate) fn usable() -> usize {
    let allowed = allowed_by_affinity(Path::new("/proc/self/status"))
        .or_else(|| std::thread::available_parallelism().ok().map(Into::into))
        .unwrap_or(1);
    let quota = quota(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup"));
    workers(allowed, quota)
}

fn workers(allowed: usize, quota: Option<f64>) -> usize {
    let granted = quota.map_or(allowed, |cpus| (cpus - 0.5).ceil().max(1.0) as usize);
    allowed.min(granted).max(1)
}

/// The CPUs in `Cpus_allowed`, a mask in hexadecimal words.
fn allowed_by_affinity(status: &Path) -> Option<usize> {
    let text = fs::read_to_string(status).ok()?;
    let mask = text
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed:"))?;
    let count: u32 = mask
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(u32::count_ones)
        .sum();
    (count > 0).then_some(count as usize)
}

/// The CPUs that the cgroup grants, the smallest quota on the way up; `None` without a limit.
/// `own` is /proc/self/cgroup, `root` where the hierarchy is mounted.
fn quota(own: &Path, root: &Path) -> Option<f64> {
    let text = fs::read_to_string(own).unwrap_or_default();
    let mut smallest: Option<f64> = None;
    let mut consider = |found: Option<f64>| {
        if let Some(found) = found {
            smallest = Some(smallest.map_or(found, |known| known.min(found)));
        }
    };
    for line in text.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if controllers.is_empty() {
            for folder in upwards(root, path) {
                consider(quota_v2(&folder));
            }
        } else if controllers.split(',').any(|name| name == "cpu") {
            for mount in [root.join(controllers), root.join("cpu")] {
                for folder in upwards(&mount, path) {
                    consider(quota_v1(&folder));
                }
            }
        }
    }
    smallest
}

/// The folder of a cgroup and those above it. In a container without a namespace of its own the
/// path does not exist below the mount; the mount itself is then the right folder.
fn upwards(mount: &Path, path: &str) -> Vec<PathBuf> {
    let own = mount.join(path.trim_start_matches('/'));
    own.ancestors()
        .take_while(|folder| folder.starts_with(mount))
        .map(Path::to_path_buf)
        .collect()
}

fn quota_v2(folder: &Path) -> Option<f64> {
    let text = fs::read_to_string(folder.join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    ratio(quota, period)
}

fn quota_v1(folder: &Path) -> Option<f64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    ratio(
        read("cpu.cfs_quota_us")?.trim(),
        read("cpu.cfs_period_us")?.trim(),
    )
}

/// `max` and -1 stand for no limit.
fn ratio(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn quota_of(files: &[(&str, &str)]) -> Option<f64> {
        let folder = tree(files);
        quota(&folder.path().join("own"), &folder.path().join("fs"))
    }

    #[test]
    fn one_and_a_half_cpus_are_one_worker() {
        assert_eq!(workers(8, Some(0.25)), 1);
        assert_eq!(workers(8, Some(1.5)), 1);
        assert_eq!(workers(8, Some(1.6)), 2);
        assert_eq!(workers(8, Some(4.0)), 4);
        assert_eq!(workers(2, Some(4.0)), 2);
        assert_eq!(workers(2, None), 2);
    }

    #[test]
    fn the_smallest_quota_on_the_way_up_counts() {
        let found = quota_of(&[
            ("own", "0::/a/b\n"),
            ("fs/a/b/cpu.max", "max 100000\n"),
            ("fs/a/cpu.max", "150000 100000\n"),
            ("fs/cpu.max", "400000 100000\n"),
        ]);
        assert_eq!(found, Some(1.5));
    }

    #[test]
    fn a_container_sees_its_quota_at_the_mount() {
        let found = quota_of(&[
            ("own", "0::/system/container-id\n"),
            ("fs/cpu.max", "50000 100000\n"),
        ]);
        assert_eq!(found, Some(0.5));
    }

    #[test]
    fn version_one_is_read_as_well() {
        let found = quota_of(&[
            ("own", "3:memory:/x\n2:cpu,cpuacct:/x\n"),
            ("fs/cpu,cpuacct/x/cpu.cfs_quota_us", "200000\n"),
            ("fs/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
            ("fs/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
            ("fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(found, Some(2.0));
        assert_eq!(quota_of(&[("own", "0::/\n")]), None);
    }

    #[test]
    fn the_mask_counts_every_cpu() {
        let folder = tree(&[("status", "Name:\tx\nCpus_allowed:\t00000001,0000000f\n")]);
        assert_eq!(allowed_by_affinity(&folder.path().join("status")), Some(5));
    }
}
