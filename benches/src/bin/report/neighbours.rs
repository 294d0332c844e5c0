//! How much of the machine others take meanwhile: figures from a busy machine mean little.

use std::fs;
use std::time::{Duration, Instant};

use filch_benches::cpu;

/// The clocks of the machine and of this process at one moment.
pub(crate) struct Watch {
    machine: Ticks,
    own: Duration,
    start: Instant,
}

/// What all processors together have spent, in a unit that cancels out.
struct Ticks {
    busy: u64,
    total: u64,
}

impl Watch {
    /// Reads the clocks, where the system has them.
    pub(crate) fn start() -> Option<Self> {
        Some(Self { machine: Ticks::read()?, own: cpu::used()?, start: Instant::now() })
    }

    /// The share of the machine, from 0 to 1, that others have taken since the start: programs, and other guests of
    /// the same host.
    pub(crate) fn share(&self, cores: usize) -> Option<f64> {
        let now = Self::start()?;
        let busy =
            (now.machine.busy - self.machine.busy) as f64 / (now.machine.total - self.machine.total).max(1) as f64;
        let own = (now.own - self.own).as_secs_f64() / (now.start - self.start).as_secs_f64() / cores as f64;
        Some((busy - own).max(0.0))
    }
}

impl Ticks {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line: user, nice, system, idle, iowait, irq, softirq, steal.
    fn parse(stat: &str) -> Option<Self> {
        let figures = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
        let figures: Vec<u64> = figures.map(str::parse).collect::<Result<_, _>>().ok()?;
        let total = figures.iter().sum();
        let idle: u64 = figures.get(3..5)?.iter().sum();
        Some(Self { busy: total - idle, total })
    }
}

#[cfg(test)]
mod tests {
    use super::Ticks;

    #[test]
    fn idle_and_waiting_are_not_busy() {
        let ticks = Ticks::parse("cpu  10 20 30 400 5 6 7 8 99 99\ncpu0 1 2 3\n").unwrap();
        assert_eq!((ticks.busy, ticks.total), (81, 486));
        assert!(Ticks::parse("cpu0 1 2 3 4 5 6 7 8").is_none());
    }
}
