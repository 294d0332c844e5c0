#!/usr/bin/env bash
# AddressSanitizer on the unit and behaviour tests: memory that is used after its end, freed twice, or lost.
#
#   ci/asan.sh                 everything; a word or more: only the test programs that have one of them in their names
#   FILCH_ASAN_MODELS=1        the models too: in each execution of a model memory is freed in another order
#
# Needs a nightly compiler, and nothing that stock nightly has not. Tests that measure memory or stacks are left out: the sanitizer keeps freed memory, and makes frames larger.
set -uo pipefail
cd "$(dirname "$0")/.."
source ci/support.sh

need_nightly
target=$(host)
export RUSTFLAGS="-Zsanitizer=address ${RUSTFLAGS:-}"
export ASAN_OPTIONS="detect_stack_use_after_return=1:${ASAN_OPTIONS:-}"
# It measures by itself, or by what is left of the stack.
measure=(memory fork_join_memory fork_join_depth semaphore_memory timer_memory)

run_tests() {
    local name
    for name in lib $(behaviour_tests); do
        is_wanted "$name" "$@" || continue
        is_one_of "$name" "${measure[@]}" && continue
        case $name in lib) set_of=(--lib) ;; *) set_of=(--test "$name") ;; esac
        check "$name" cargo +nightly test -q -p filch "${set_of[@]}" --target "$target" --target-dir target/asan
    done
}

run_tests "$@"
if [ -n "${FILCH_ASAN_MODELS:-}" ]; then
    # One preemption: the models at their own bounds would take hours.
    FILCH_MODEL_BOUND=1 check models cargo +nightly test -q -p loom-tests --target "$target" --target-dir target/asan
fi
finish
