//! Programs with many threads and jobs, run in many orders that a random scheduler chooses. See the README.

#[cfg(not(filch_shuttle))]
compile_error!("build.rs sets the cfg");

/// Makes two tests of each scenario: each scheduler finds what the other misses.
macro_rules! scenarios {
    ($($name:ident)+) => {
        $(mod $name {
            #[test]
            fn random() {
                crate::support::random(super::$name);
            }

            #[test]
            fn pct() {
                crate::support::pct(super::$name);
            }
        })+
    };
}

mod cancels;
mod ends;
mod forks;
mod ledger;
mod permits;
mod rooms;
mod sets;
mod spawning;
mod support;
mod timers;
mod waits;
