#!/usr/bin/env bash
# Which `unsafe` blocks does no test execute? Runs the unit and behaviour tests with counters, and lists the blocks whose first line none has reached, and those that are not
# compiled on this system.
#
#   ci/coverage.sh             a word or more: only the test programs that have one of them in their names
#
# Needs llvm-profdata and llvm-cov: of the component llvm-tools, of the folder LLVM_BIN, or of the system. They must know the compiler's format: LLVM 19 reads what Rust 1.95 writes.
# A line counts as one: `if a { unsafe { b } }` on one line is executed when `a` is looked at.
set -uo pipefail
cd "$(dirname "$0")/.."
source ci/support.sh

out=target/coverage
rm -rf "$out/profiles"
mkdir -p "$out/profiles"

# The newest llvm-profdata and llvm-cov that can read a profile of this compiler.
find_tools() {
    local folder probe=$out/probe
    echo 'fn main() {}' >"$probe.rs"
    rustc -Cinstrument-coverage -o "$probe" "$probe.rs" || not_available "the compiler has no profiler"
    LLVM_PROFILE_FILE=$probe.profraw "$probe"
    for folder in ${LLVM_BIN:-} "$(rustc --print target-libdir)/../bin" $(ls -d /usr/lib/llvm-*/bin 2>/dev/null | sort -Vr); do
        if "$folder/llvm-profdata" merge "$probe.profraw" -o "$probe.profdata" 2>/dev/null &&
            "$folder/llvm-cov" export -format=lcov "$probe" -instr-profile="$probe.profdata" >/dev/null 2>&1; then
            tools=$folder
            return
        fi
    done
    not_available "no llvm-profdata and llvm-cov that read this compiler's profiles (component llvm-tools, or LLVM_BIN)"
}

# Builds with counters; prints the paths of the test programs.
programs() {
    RUSTFLAGS="-Cinstrument-coverage" cargo test -p filch --lib --tests --target-dir "$out/target" --no-run \
        --message-format=json-render-diagnostics | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

# The lines of `src` with `unsafe {`, each with the count of its operation: 0, or "-" where nothing is compiled.
unsafe_blocks() {
    awk -v root="$PWD/" '
        FNR == NR && /^SF:/ { file = substr($0, 4); sub(root, "", file) }
        FNR == NR && /^DA:/ { split(substr($0, 4), part, ","); count[file, part[1]] += part[2]; known[file, part[1]] = 1 }
        FNR == NR { next }
        { code = $0; sub(/\/\/.*/, "", code) }
        code ~ /unsafe \{/ {
            at = FNR
            rest = code; sub(/.*unsafe \{/, "", rest)
            # The operation may stand on the next line.
            if (rest ~ /^[ \t]*$/) at = FNR + 1
            hits = (FILENAME, at) in known ? count[FILENAME, at] : ((FILENAME, FNR) in known ? count[FILENAME, FNR] : "-")
            printf "%s %s:%d:%s\n", hits, FILENAME, FNR, code
        }
    ' "$out/lines.lcov" $(find src -name '*.rs' | sort)
}

export RUST_BACKTRACE=0
find_tools
objects=()
for program in $(programs); do
    name=$(basename "$program" | sed 's/-[0-9a-f]*$//')
    # The first one without the option, as llvm-cov wants it.
    [ ${#objects[@]} -eq 0 ] || objects+=(-object)
    objects+=("$program")
    is_wanted "$name" "$@" || continue
    LLVM_PROFILE_FILE="$PWD/$out/profiles/%p-%8m.profraw" check "$name" "$program" -q
done
[ ${#objects[@]} -gt 0 ] || { echo "the tests did not build"; exit 1; }
"$tools/llvm-profdata" merge -sparse "$out"/profiles/*.profraw -o "$out/all.profdata" || exit 1
"$tools/llvm-cov" export -format=lcov -instr-profile="$out/all.profdata" "${objects[@]}" "$PWD/src" >"$out/lines.lcov" || exit 1
unsafe_blocks >"$out/unsafe.txt"
printf '\n%s unsafe blocks, %s of them executed. Not executed:\n' "$(wc -l <"$out/unsafe.txt")" "$(grep -cv '^[0-] ' "$out/unsafe.txt")"
sed -n 's/^0 //p' "$out/unsafe.txt"
printf '\nNot compiled here:\n'
sed -n 's/^- //p' "$out/unsafe.txt"
finish
