//! Setting up a pool, with sense and without.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::*;
use filch::{BuildError, Pool};

/// The error of a pool that cannot be, as text.
#[track_caller]
fn refusal(result: Result<Pool, BuildError>) -> String {
    result.expect_err("such a pool cannot be").to_string()
}

fn parallelism() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn a_number_of_threads_out_of_range_is_an_error_that_says_so() {
    for n in [0, 4096, usize::MAX] {
        let error = refusal(Pool::builder().threads(n).build());
        assert_eq!(error, format!("a pool needs from 1 to 4095 threads, not {n}"));
    }
}

#[test]
fn with_threads_panics_where_the_builder_gives_an_error() {
    assert_eq!(panic_of(|| Pool::with_threads(0)), "a pool needs from 1 to 4095 threads, not 0");
    assert!(panic_of(|| Pool::with_threads(1 << 20)).contains("1048576"));
}

#[test]
fn the_default_is_one_thread_a_core() {
    let _watchdog = watchdog();
    assert_eq!(Pool::new().threads(), parallelism());
    assert_eq!(Pool::builder().build().unwrap().threads(), parallelism());
    assert_eq!(Pool::global().threads(), parallelism());
}

#[test]
fn threads_relative_counts_from_the_number_of_cores_and_starts_at_least_one() {
    let _watchdog = watchdog();
    let threads = |n| Pool::builder().threads_relative(n).build().map(|pool| pool.threads());
    assert_eq!(threads(0).unwrap(), parallelism());
    assert_eq!(threads(2).unwrap(), parallelism() + 2);
    assert_eq!(threads(-1).unwrap(), (parallelism() - 1).max(1));
    assert_eq!(threads(isize::MIN).unwrap(), 1);
    assert!(threads(isize::MAX).unwrap_err().to_string().starts_with("a pool needs from 1 to 4095 threads"));
    let last_word = Pool::builder().threads_relative(5).threads(1).build().unwrap();
    assert_eq!(last_word.threads(), 1);
}

/// The names of all threads of the pool, by index.
fn names(pool: &Pool) -> Vec<Option<String>> {
    let meeting = Meeting::of(pool.threads());
    let names = Notes::new();
    for _ in 0..pool.threads() {
        let (meeting, names) = (meeting.clone(), names.clone());
        pool.spawn(move || {
            names.note((filch::current_worker_index(), thread::current().name().map(String::from)));
            assert!(meeting.attend());
        });
    }
    pool.wait_idle();
    let mut names = names.all();
    names.sort();
    assert!(names.iter().map(|(index, _)| *index).eq((0..pool.threads()).map(Some)));
    names.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn threads_are_named_by_index() {
    let _watchdog = watchdog();
    let some = |name: &str| Some(String::from(name));
    assert_eq!(names(&Pool::with_threads(3)), [some("filch-0"), some("filch-1"), some("filch-2")]);
    let long = "a name that is longer than any system lets a thread have";
    let pool = Pool::builder().threads(3).thread_name(|n| ["", "größer", long][n].into()).build().unwrap();
    assert_eq!(names(&pool), [some(""), some("größer"), some(long)]);
}

#[test]
fn a_name_with_a_nul_is_an_error() {
    let name = |index| if index == 1 { "with a \0 inside".into() } else { String::new() };
    let error = refusal(Pool::builder().threads(3).thread_name(name).build());
    assert_eq!(error, "the name of thread 1 contains a NUL");
}

#[test]
fn a_panic_in_the_function_that_names_threads_is_an_error() {
    let name = |index| if index == 2 { panic!("no name") } else { String::new() };
    let error = refusal(Pool::builder().threads(3).thread_name(name).build());
    assert_eq!(error, "the function that names threads panicked for thread 2");
    let name = |_| std::panic::panic_any(PanicOnDrop("nor a payload"));
    assert!(refusal(Pool::builder().threads(1).thread_name(name).build()).contains("panicked for thread 0"));
}

#[test]
fn no_thread_has_run_when_a_setting_is_an_error() {
    let _watchdog = watchdog();
    let starts = Counter::new();
    let counter = starts.clone();
    let builder = Pool::builder().threads(2).on_thread_start(move |_| counter.add()).thread_name(|n| "\0".repeat(n));
    assert!(builder.build().is_err());
    assert_eq!(starts.get(), 0);
}

#[test]
fn hooks_are_called_on_each_worker_before_its_first_job_and_after_its_last() {
    let _watchdog = watchdog();
    let notes = Notes::new();
    let noter = |what: &'static str| {
        let notes = notes.clone();
        move |index| {
            assert_eq!(filch::current_worker_index(), Some(index));
            notes.note((thread::current().id(), what));
        }
    };
    let pool =
        Pool::builder().threads(3).on_thread_start(noter("start")).on_thread_stop(noter("stop")).build().unwrap();
    let jobs = Counter::new();
    for _ in 0..100 {
        let (notes, jobs) = (notes.clone(), jobs.clone());
        pool.spawn(move || {
            notes.note((thread::current().id(), "job"));
            jobs.add();
        });
    }
    pool.shutdown();
    let notes = notes.all();
    assert_eq!((notes.len(), jobs.get()), (106, 100));
    let mut threads: Vec<_> = notes.iter().filter(|(_, what)| *what == "start").map(|(thread, _)| *thread).collect();
    threads.dedup();
    assert_eq!(threads.len(), 3);
    for thread in threads {
        let own: Vec<_> = notes.iter().filter(|(id, _)| *id == thread).map(|(_, what)| *what).collect();
        assert_eq!((own[0], own[own.len() - 1]), ("start", "stop"));
        assert!(own[1..own.len() - 1].iter().all(|what| *what == "job"), "{own:?}");
    }
}

#[test]
fn a_job_that_a_hook_spawns_is_run_by_its_own_worker() {
    let _watchdog = watchdog();
    let (send, receive) = std::sync::mpsc::channel();
    let hook = move |index| {
        let send = send.clone();
        Pool::current().unwrap().spawn(move || send.send(index).unwrap());
    };
    let pool = Pool::builder().threads(1).on_thread_start(hook).build().unwrap();
    assert_eq!(receive.recv(), Ok(0));
    pool.wait_idle();
    assert_eq!(pool.pending(), 0);
}

#[test]
fn a_hook_may_use_its_pool() {
    let _watchdog = watchdog();
    let notes = Notes::new();
    let hook = notes.clone();
    let start = move |_| {
        let doubled = filch::submit(|| 21).join().unwrap() * 2;
        filch::spawn({
            let notes = hook.clone();
            move || notes.note(doubled)
        });
        assert_eq!(filch::join(|| 1, || 2), (1, 2));
        assert!(Pool::current().unwrap().threads() == 2);
    };
    let stop = |_| {
        assert!(filch::submit(|| ()).join().unwrap_err().is_shut_down());
        assert_eq!(filch::join(|| 1, || 2), (1, 2));
    };
    let pool = Pool::builder().threads(2).on_thread_start(start).on_thread_stop(stop).build().unwrap();
    assert_sound(&pool);
    pool.shutdown();
    assert_eq!(notes.all(), [42, 42]);
    assert_eq!(pool.metrics().panics, 0);
}

/// Uses about `kilobytes` of stack.
#[inline(never)]
fn use_stack(kilobytes: usize) -> u8 {
    let room = std::hint::black_box([1_u8; 1024]);
    if kilobytes == 0 { room[0] } else { use_stack(kilobytes - 1).max(room[room.len() - 1]) }
}

#[test]
fn workers_have_the_stack_that_was_asked_for() {
    let _watchdog = watchdog();
    // Too little of it ends the process, and so the test.
    let pool = Pool::builder().threads(2).stack_size(64 * 1024 * 1024).build().unwrap();
    assert_eq!(pool.install(|| use_stack(16 * 1024)), 1);
    assert_eq!(Pool::with_threads(1).install(|| use_stack(512)), 1);
}

#[test]
fn the_environment_may_set_the_stack() {
    const NAME: &str = "the_environment_may_set_the_stack";
    if is_child(NAME) {
        let kilobytes =
            if std::env::var("RUST_MIN_STACK").is_ok_and(|bytes| bytes == "67108864") { 16 * 1024 } else { 512 };
        assert_eq!(Pool::with_threads(1).install(|| use_stack(kilobytes)), 1);
        return;
    }
    for bytes in ["67108864", "nonsense", ""] {
        let output = run_child(NAME, |command| {
            command.env("RUST_MIN_STACK", bytes);
        });
        assert!(output.status.success(), "{bytes:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_stack_of_no_size_is_the_smallest_that_the_system_has() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(2).stack_size(0).build().unwrap();
    assert_eq!(pool.submit(|| 4).join().unwrap(), 4);
    // A job in place finds no room on such a stack, and gets one of its own.
    assert_eq!(pool.install(|| filch::submit(|| 5).join().unwrap()), 5);
    assert_sound(&pool);
}

#[test]
fn a_stack_of_absurd_size_is_an_error() {
    let _watchdog = watchdog();
    for bytes in [usize::MAX, usize::MAX - 4096, usize::MAX / 2] {
        let error = Pool::builder().threads(2).stack_size(bytes).build().unwrap_err();
        assert_eq!(error.to_string(), "the system refused thread 0 of 2");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn when_the_system_refuses_a_thread_the_others_have_ended_and_the_error_says_which() {
    const NAME: &str = "when_the_system_refuses_a_thread_the_others_have_ended_and_the_error_says_which";
    if is_child(NAME) {
        let _watchdog = watchdog();
        let (starts, stops) = (Counter::new(), Counter::new());
        let (start, stop) = (starts.clone(), stops.clone());
        let builder = Pool::builder().threads(64).stack_size(64 * 1024 * 1024);
        let built = builder.on_thread_start(move |_| start.add()).on_thread_stop(move |_| stop.add()).build();
        let error = built.expect_err("not so many fit into the address space");
        let text = error.to_string();
        let refused = text.strip_prefix("the system refused thread ").and_then(|rest| rest.strip_suffix(" of 64"));
        let refused: usize = refused.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{text}"));
        assert!((1..64).contains(&refused), "{text}");
        assert_eq!((starts.get(), stops.get()), (refused, refused));
        assert!(std::error::Error::source(&error).is_some());
        // What is left is enough for a smaller one.
        assert_sound(&Pool::builder().threads(2).stack_size(1024 * 1024).build().unwrap());
        return;
    }
    let output = run_child(NAME, |command| {
        let program = std::mem::replace(command, std::process::Command::new("sh"));
        command.args(["-c", "ulimit -v 2000000 && exec \"$0\" \"$@\""]).arg(program.get_program());
    });
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}\n{stderr}");
}

#[test]
fn a_queue_capacity_of_zero_is_an_error() {
    let error = refusal(Pool::builder().threads(1).queue_capacity(0).build());
    assert_eq!(error, "a queue capacity of 0 would let nothing in: it starts at 1");
}

#[test]
fn a_queue_capacity_without_end_is_none() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(usize::MAX).build().unwrap();
    let gate = block(&pool);
    (0..10_000).for_each(|_| pool.spawn(|| ()));
    assert!(pool.try_submit(|| ()).is_ok());
    gate.open();
    pool.wait_idle();
}

#[test]
fn very_many_threads_work_on_few_cores() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(300).stack_size(128 * 1024).build().unwrap();
    assert_sound(&pool);
    let runs = Counter::new();
    (0..3000).for_each(|_| pool.spawn(runs.adder()));
    pool.wait_idle();
    assert_eq!(runs.get(), 3000);
}

#[test]
fn what_the_settings_captured_is_dropped_with_the_pool() {
    let _watchdog = watchdog();
    let drops = Counter::new();
    let tokens = [(); 4].map(|()| drops.token());
    let [name, start, stop, handler] = tokens;
    let builder = Pool::builder().threads(2);
    let builder =
        builder.thread_name(move |n| format!("{:?} {n}", &name)).on_thread_start(move |_| drop(format!("{start:?}")));
    let builder = builder.on_thread_stop(move |_| drop(format!("{stop:?}")));
    let pool = builder.panic_handler(move |_| drop(format!("{handler:?}"))).build().unwrap();
    let handle = pool.submit(|| ());
    pool.shutdown();
    drop(pool);
    assert_eq!(drops.get(), 4, "although a handle is left");
    drop(handle);
}

#[test]
fn a_builder_prints_its_settings_and_may_be_dropped() {
    let builder = Pool::builder().threads(3).queue_capacity(17).thread_name(|_| unreachable!());
    let text = format!("{builder:?}");
    assert!(text.contains("threads: Some(3)") && text.contains("17"), "{text}");
}

#[test]
fn a_pool_may_be_built_inside_a_job_or_a_hook_of_another() {
    let _watchdog = watchdog();
    let outer = Pool::with_threads(1);
    let sum = outer.submit(|| {
        let inner = Pool::with_threads(2);
        assert_eq!(filch::current_worker_index(), Some(0));
        inner.install(|| filch::submit(|| 2).join().unwrap()) + filch::submit(|| 3).join().unwrap()
    });
    assert_eq!(sum.join().unwrap(), 5);
    let nested = Mutex::new(None);
    let built = AtomicBool::new(false);
    let pool = Pool::builder().threads(1).on_thread_start(move |_| {
        *lock(&nested) = Some(Pool::with_threads(1));
        built.store(true, Ordering::SeqCst);
    });
    assert_sound(&pool.build().unwrap());
}
