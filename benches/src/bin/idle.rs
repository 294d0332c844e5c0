//! What an idle pool takes: processor time and context switches of its threads over some seconds, when it has just
//! started and again right after a burst of jobs.
//!
//! Each pool has a process of its own. The thread that measures is not counted in the switches.

use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use filch_benches::contestant::Runner;
use filch_benches::record::Figures;
use filch_benches::{cpu, fresh};

/// How many jobs the burst has.
const BURST: u64 = 1_000_000;

/// The pool is watched for five seconds, unless the command line says otherwise.
const QUESTION: fresh::Question = fresh::Question {
    workload: "idle",
    unit: "seconds",
    size: 5,
    figures: &["CPU µs/s", "switches/s", "CPU µs/s after the burst", "switches/s after the burst"],
};

/// The threads of a new pool have settled after that.
const SETTLE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    fresh::main(&QUESTION, measure)
}

fn measure(pool: &'static dyn Runner, seconds: u64) -> Figures {
    pool.queue(1000).expect("the pool takes jobs").wait();
    thread::sleep(SETTLE);
    let fresh = watch(Duration::from_secs(seconds));
    pool.queue(BURST).expect("the pool takes jobs").wait();
    let after = watch(Duration::from_secs(seconds));
    [fresh, after].concat()
}

/// Sleeps and says what the process has used meanwhile, a second.
fn watch(time: Duration) -> Figures {
    // The processor time is read last before and first after: counting the switches takes some itself.
    let (switches_before, start, cpu_before) = (switches(), Instant::now(), cpu::used());
    thread::sleep(time);
    let (cpu, seconds) = (cpu::used().zip(cpu_before), start.elapsed().as_secs_f64());
    let switches = switches().zip(switches_before).map(|(after, before)| (after - before) as f64 / seconds);
    let cpu = cpu.map(|(after, before)| (after - before).as_micros() as f64 / seconds);
    vec![cpu, switches]
}

/// The context switches of all threads but this one so far, where the system says.
fn switches() -> Option<u64> {
    let main = std::process::id().to_string();
    let threads = fs::read_dir("/proc/self/task").ok()?.flatten().filter(|thread| *thread.file_name() != *main);
    threads.map(|thread| switches_in(&fs::read_to_string(thread.path().join("status")).ok()?)).sum()
}

/// Both kinds of switch, from the status of a thread.
fn switches_in(status: &str) -> Option<u64> {
    let lines = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
    lines.map(|(_, count)| count.trim().parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::switches_in;

    #[test]
    fn both_kinds_of_switch_count() {
        assert_eq!(switches_in("Threads:\t3\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t2\n"), Some(9));
    }
}
