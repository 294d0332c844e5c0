//! The asymmetric fences themselves, in the form that the models of other protocols rely on.
//!
//! Threads: 2. Bound: none. Property: of a light and a heavy one sees the other's store; of two lights, none need to.
//! Seen failing: "heavy without its fences" and "light without its read-modify-write" (`mutants`).

use std::sync::Arc;

use filch::internals::{heavy, light};
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;

use crate::support::{ALL, expect_failure, explore_in_both_modes};

/// Both threads store to their own cell, fence, and load the other's. Returns what they loaded.
fn handshake(mine: fn(), theirs: fn()) -> (usize, usize) {
    let cells = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let other = thread::spawn({
        let cells = cells.clone();
        move || {
            cells.0.store(1, Relaxed);
            theirs();
            cells.1.load(Relaxed)
        }
    });
    cells.1.store(1, Relaxed);
    mine();
    (cells.0.load(Relaxed), other.join().unwrap())
}

#[test]
fn light_and_heavy_are_ordered() {
    explore_in_both_modes("light against heavy", ALL, || assert_ne!(handshake(light, heavy), (0, 0)));
}

#[test]
fn heavy_and_heavy_are_ordered() {
    explore_in_both_modes("heavy against heavy", ALL, || assert_ne!(handshake(heavy, heavy), (0, 0)));
}

#[test]
fn two_lights_are_not_ordered() {
    filch::internals::set_mode(filch::internals::Mode::Asymmetric);
    expect_failure("light against light", "both lights missed the other", || {
        assert_ne!(handshake(light, light), (0, 0), "both lights missed the other");
    });
}
