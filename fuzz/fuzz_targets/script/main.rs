//! Two threads carry out a script of operations on one pool, which then ends somehow: every closure and every result must end exactly once, and nothing may hang.
//!
//! Jobs wait for nothing but what ends by itself, so that a script that hangs has found a bug. Panics are on purpose and say nothing (`resume_unwind`); any other one ends the process,
//! since the fuzzer's hook aborts.
#![no_main]

mod drive;
mod job;
mod ledger;
mod script;
mod watch;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: script::Script| {
    let lasting = watch::begin();
    drive::carry_out(script);
    watch::end(lasting);
});
