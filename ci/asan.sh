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
# Frames stay on the stack: the crate looks at the address of a local value to know how much of the stack is left.
export ASAN_OPTIONS="detect_stack_use_after_return=0:${ASAN_OPTIONS:-}"
# Deliberate leaks are known by the names of functions.
if command -v llvm-symbolizer >/dev/null || [ -n "${ASAN_SYMBOLIZER_PATH:-}" ]; then
    export LSAN_OPTIONS="suppressions=$PWD/ci/lsan.supp:print_suppressions=0:${LSAN_OPTIONS:-}"
else
    echo 'no llvm-symbolizer: leaks are not looked for'
    ASAN_OPTIONS+=":detect_leaks=0"
fi
# A backtrace takes a second here, and some tests panic a lot. Without any optimisation some tests take minutes.
export RUST_BACKTRACE=0 CARGO_PROFILE_DEV_OPT_LEVEL=1
# It measures by itself, or by what is left of the stack.
measure=(memory fork_join_memory fork_join_depth semaphore_memory timer_memory)

run_tests() {
    local name
    for name in lib $(behaviour_tests); do
        is_wanted "$name" "$@" || continue
        is_one_of "$name" "${measure[@]}" && continue
        case $name in lib) set_of=(--lib) ;; tracing) set_of=(--features tracing --test tracing) ;; *) set_of=(--test "$name") ;; esac
        # It has the system refuse memory for a thread, and the sanitizer needs terabytes of addresses.
        check "$name" cargo +nightly test -q -p filch "${set_of[@]}" --target "$target" --target-dir target/asan -- \
            --skip when_the_system_refuses_a_thread
    done
}

run_tests "$@"
if [ -n "${FILCH_ASAN_MODELS:-}" ]; then
    # One preemption: the models at their own bounds would take hours.
    FILCH_MODEL_BOUND=1 check models cargo +nightly test -q -p loom-tests --target "$target" --target-dir target/asan
fi
finish
