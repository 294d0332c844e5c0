#!/usr/bin/env bash
# Miri on the unit tests and on small behaviour tests: undefined behaviour by the rules of tree borrows, which crossbeam's queue needs, with seeds for orders of threads and weak loads.
#
#   ci/miri.sh [SEEDS]         so many seeds; 4 by default. Slow: minutes a seed
#
# Needs nightly's components miri and rust-src.
set -uo pipefail
cd "$(dirname "$0")/.."
source ci/support.sh

need_nightly
need_component miri bin/miri
need_component rust-src lib/rustlib/src/rust/library/std/Cargo.toml
cargo +nightly miri setup >/dev/null 2>&1 || not_available "miri cannot build its standard library"

# Isolation would take the clock away. Threads of a pool that is never dropped still run at the end.
export MIRIFLAGS="-Zmiri-tree-borrows -Zmiri-disable-isolation -Zmiri-ignore-leaks -Zmiri-many-seeds=0..${1:-4} ${MIRIFLAGS:-}"
# Small programs, which neither measure nor last: thousands of jobs are for the other checks.
small=(api builder callbacks exactly_once futures job_set panics scope semaphore streams worker_local)

# The litmus tests need real processors; property tests and the seats' storm take hours.
check lib cargo +nightly miri test -q -p filch --lib --target-dir target/miri -- --skip litmus --skip oracle
for name in "${small[@]}"; do
    check "$name" cargo +nightly miri test -q -p filch --test "$name" --target-dir target/miri
done
finish
