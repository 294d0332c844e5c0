//! Fault drills: what becomes of a pool when the system, or the program around it, does what one would rather not see.
//!
//! | drill | the fault |
//! |---|---|
//! | `threads` | the system refuses threads: workers, spare ones, the timers', a producer's |
//! | `starved` | a worker gets next to no processor time |
//! | `stopped` | the process is stopped and continued under full load |
//! | `exits` | the process exits in the midst of everything, from any place where a program's code runs |
//! | `pools` | very many pools, one after the other |
//! | `locals` | destructors of thread-locals use the pool, on its threads and on others |
//! | `refusals` | a filter refuses the system calls that are used where they are there |
//! | `forks` | the process forks |
//!
//! Most run in a process of their own. With `FILCH_LONG=1` they take longer.
#![cfg(target_os = "linux")]

mod common;
#[path = "drills/exits.rs"]
mod exits;
#[path = "drills/forks.rs"]
mod forks;
#[path = "drills/locals.rs"]
mod locals;
#[path = "drills/pools.rs"]
mod pools;
#[path = "drills/process.rs"]
mod process;
#[path = "drills/refusals.rs"]
mod refusals;
#[path = "drills/seccomp.rs"]
mod seccomp;
#[path = "drills/starved.rs"]
mod starved;
#[path = "drills/stopped.rs"]
mod stopped;
#[path = "drills/threads.rs"]
mod threads;

use std::panic;
use std::time::{Duration, Instant};

/// Counts from 0 while a drill goes on: `rounds` times, but in its short form not for long, however busy the machine is.
fn rounds(rounds: usize) -> impl Iterator<Item = usize> {
    let start = Instant::now();
    (0..rounds).take_while(move |_| common::long() || start.elapsed() < Duration::from_secs(5))
}

/// Has the process print nothing of panics whose message begins with `expected`: a drill may have thousands.
fn expect_panics(expected: &'static str) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_expected = common::message(info.payload()).starts_with(expected);
        if !is_expected {
            print(info);
        }
    }));
}
