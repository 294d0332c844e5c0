#!/usr/bin/env bash
# Measures all that docs/benchmarks.md asks, and makes the files, tables and pictures of it. Wants a quiet machine: about half an hour on two cores after the build, an estimate.
#
#   benches/all.sh [FOLDER]              writes to docs/benchmarks, or there
#   benches/all.sh --rounds N [FOLDER]   so many rounds of everything
#   benches/all.sh --quick FOLDER        small sizes, in a minute: shows that everything works, measures little
#
# Each FILE.json has every round; `cargo run --release -p filch-benches --bin draw -- --plots FOLDER FILE…` draws again without measuring.
set -euo pipefail

quick=
rounds=
out=
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=--quick ;;
    --rounds) rounds=${2:?--rounds wants a number} && shift ;;
    -*) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 2 ;;
    *) out=$1 ;;
    esac
    shift
done
if [ -n "$quick" ] && [ -z "$out" ]; then
    echo "--quick wants a folder: its figures are not for docs"
    exit 2
fi
out=${out:-$(dirname "$0")/../docs/benchmarks}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."

# measure FILE ROUNDS PROGRAM OPTIONS…
measure() {
    local start=$SECONDS file=$1 usual=$2 program=$3
    shift 3
    printf '\n==> %s %s\n' "$program" "$*"
    "$bins/$program" "$@" --rounds "${rounds:-$usual}" --json "$out/$file.json"
    printf '==> done in %s s\n' "$((SECONDS - start))"
}

cargo build --release -p filch-benches --bins
bins=${CARGO_TARGET_DIR:-target}/release
SECONDS=0
if [ -n "$quick" ]; then
    rounds=${rounds:-1}
    some=(--contestant filch --contestant rayon)
    queues=(--size 1000 --size 10000)
    idle=(--size 1)
else
    some=()
    queues=(--size 1000 --size 10000 --size 100000 --size 1000000 --size 10000000)
    idle=()
fi
measure jobs 7 report $quick
measure growth 3 report --growth $quick
measure semaphores 5 permits $quick
measure timers 3 timers $quick
measure memory 1 memory "${some[@]}" "${queues[@]}"
measure idle 1 idle "${some[@]}" "${idle[@]}"
measure echo 5 echo $quick
"$bins/draw" --markdown "$out/tables.md" --plots "$out" "$out"/{jobs,growth,semaphores,timers,memory,idle,echo}.json
printf '\nmeasured and drawn in %s s: %s\n' "$SECONDS" "$out"
