#!/usr/bin/env python3
"""fastthreadpool beside Python's own pool and semaphore, taking turns, every result checked.

    pip install 'setuptools<81' cython wheel
    pip install --no-build-isolation fastthreadpool
    python benches/python/pools.py [--rounds N] [--size N] [--json FILE]

Python's calls and its lock cost more than any pool below them: these figures are not to be held against those of the Rust programs. The file is one that `draw` makes tables of.
"""

import argparse
import json
import os
import platform
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import fastthreadpool

WORKERS = 2


def answer(question):
    return 3 * question + 1


def check(results, size):
    assert sorted(results) == [answer(question) for question in range(size)], "a result was lost, came twice or was wrong"


def done(pool, size):
    """Waits for that many results, which lie in a queue of the pool."""
    deadline = time.monotonic() + 60
    while len(pool.done) < size:
        assert not pool.failed and time.monotonic() < deadline, f"jobs failed or were lost: {list(pool.failed)[:1]}"
        time.sleep(1e-4)
    return pool.done


def timed(run, size):
    """Nanoseconds for each of `size` by `run`, whose results are checked after the clock has stopped."""
    start = time.perf_counter_ns()
    results = run()
    elapsed = time.perf_counter_ns() - start
    if results is not None:
        check(results, size)
    return elapsed / size


def own_submit(size):
    pool = fastthreadpool.Pool(WORKERS)

    def run():
        for question in range(size):
            pool.submit(answer, question)
        return done(pool, size)

    figure = timed(run, size)
    pool.shutdown()
    return figure


def standard_submit(size):
    with ThreadPoolExecutor(WORKERS) as pool:
        submit = lambda: [pool.submit(answer, question) for question in range(size)]
        return timed(lambda: [future.result() for future in submit()], size)


def own_map(size):
    pool = fastthreadpool.Pool(WORKERS)

    def run():
        pool.map(answer, list(range(size)), done_callback=True, unpack_args=False)
        return done(pool, size)

    figure = timed(run, size)
    pool.shutdown()
    return figure


def standard_map(size):
    with ThreadPoolExecutor(WORKERS) as pool:
        return timed(lambda: list(pool.map(answer, range(size))), size)


def passes(semaphore, size):
    def run():
        for _ in range(size):
            semaphore.acquire()
            semaphore.release()

    return timed(run, size)


WORKLOADS = {
    "python_submit_with_result": ("job", own_submit, standard_submit),
    "python_map": ("item", own_map, standard_map),
    "python_semaphore": (
        "pass",
        lambda size: passes(fastthreadpool.Semaphore(1), size),
        lambda size: passes(threading.Semaphore(1), size),
    ),
}


def measure(workload, size, rounds):
    """Both take turns: one round to warm up, then those that count."""
    unit, *contestants = WORKLOADS[workload]
    names = [("fastthreadpool", "rival"), ("standard library", "rival")]
    rows = [{"contestant": name, "role": role, "samples": []} for name, role in names]
    for number in range(rounds + 1):
        for row, contestant in zip(rows, contestants):
            figure = contestant(size)
            if number > 0:
                row["samples"].append([round(figure, 3)])
    plural = "passes" if unit == "pass" else f"{unit}s"
    at = {plural: size, "workers": WORKERS}
    conditions = f"{size:,} {plural} a run"
    head = {"workload": workload, "conditions": conditions, "at": at, "along": None}
    return head | {"figures": [f"ns/{unit}"], "others": None, "rows": rows}


def environment():
    return {
        "system": f"{platform.system().lower()} {platform.machine()}",
        "processor": None,
        "cores": len(os.sched_getaffinity(0)),
        "compiler": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {"fastthreadpool": version("fastthreadpool")},
    }


def main():
    options = argparse.ArgumentParser(description="fastthreadpool beside Python's own")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--size", type=int, default=100_000)
    options.add_argument("--json")
    options = options.parse_args()
    if options.rounds < 1 or options.size < 1:
        raise SystemExit("--rounds and --size want numbers above 0")
    measurements = [measure(workload, options.size, options.rounds) for workload in WORKLOADS]
    for measurement in measurements:
        print(f"{measurement['workload']}: {measurement['conditions']}")
        for row in measurement["rows"]:
            figures = [figure for figure, in row["samples"]]
            print(f"  {row['contestant']:17} {statistics.median(figures):9.1f} {measurement['figures'][0]}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"environment": environment(), "measurements": measurements}, file)


if __name__ == "__main__":
    main()
