#!/usr/bin/env bash
# ThreadSanitizer on the unit and behaviour tests: accesses that nothing orders.
#
#   ci/tsan.sh                 everything; a word or more: only the test programs that have one of them in their names
#
# Needs nightly's component rust-src: a standard library that is not built for the sanitizer hides what it orders. The sanitizer knows no fences, so `--cfg filch_tsan`
# makes each a read-modify-write of one word. That orders more than fences do: what is found is a race, and races that it hides are for the models.
set -uo pipefail
cd "$(dirname "$0")/.."
source ci/support.sh

need_nightly
need_component rust-src lib/rustlib/src/rust/library/std/Cargo.toml
target=$(host)
export RUSTFLAGS="-Zsanitizer=thread --cfg filch_tsan ${RUSTFLAGS:-}"
# Small frames, little memory, no time to lose: what the sanitizer changes is what these test.
measure=(memory fork_join_memory fork_join_depth semaphore_memory timer_memory)

for name in lib $(behaviour_tests); do
    is_wanted "$name" "$@" || continue
    is_one_of "$name" "${measure[@]}" && continue
    case $name in
        lib) set_of=(--lib -- --skip litmus) ;;
        tracing) set_of=(--features tracing --test tracing) ;;
        *) set_of=(--test "$name") ;;
    esac
    check "$name" cargo +nightly test -q -Zbuild-std -p filch --target "$target" --target-dir target/tsan "${set_of[@]}"
done
finish
