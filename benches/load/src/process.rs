//! What the servers take, as Linux counts it: memory and processor time.

use std::fs;

/// The processes of the servers that are measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes(pub(crate) Vec<u32>);

impl Processes {
    /// Resident memory in bytes; nothing of it where there is no such process.
    pub(crate) fn memory(&self) -> f64 {
        let kilobytes = self.0.iter().filter_map(|pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            memory_of(&status)
        });
        kilobytes.sum::<f64>() * 1024.0
    }

    /// Processor time in seconds, of the process and in the kernel for it; counted in hundredths.
    pub(crate) fn time(&self) -> f64 {
        let ticks = self.0.iter().filter_map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            ticks_of(&stat)
        });
        ticks.sum::<f64>() / 100.0
    }
}

fn memory_of(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn ticks_of(stat: &str) -> Option<f64> {
    // the name may hold anything, parentheses too
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let user: f64 = fields.get(11)?.parse().ok()?;
    let kernel: f64 = fields.get(12)?.parse().ok()?;
    Some(user + kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_status() {
        assert_eq!(memory_of("Name:\tx\nVmRSS:\t   1234 kB\nThreads:\t1\n"), Some(1234.0));
    }

    #[test]
    fn time_is_read_from_stat_whatever_the_name_is() {
        let stat = "42 (a) b)) S 1 2 3 4 5 6 7 8 9 10 70 30 0 0 20 0";

        assert_eq!(ticks_of(stat), Some(100.0));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(Processes(vec![std::process::id()]).memory() > 100_000.0);
    }
}
