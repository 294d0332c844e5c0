//! The screen on terminals of several sizes, for pools of several sizes.

use std::collections::VecDeque;

use ratatui::style::Color;

use super::*;
use sample::{Length, View, Worker};

/// A pool in which worker `n` of `workers` was inside a job for `n` of `workers` parts of the time.
fn view(workers: usize, spares: usize) -> View {
    let worker = |n: usize| Worker {
        running: n as f64 / workers as f64,
        jobs: 12_345.0,
        steals: 678.0,
        parks: 9.0,
        queued: 5 * n as u64,
    };
    let length = |now| Length { now, before: VecDeque::from(vec![0, now / 2, now]) };
    View {
        workers: (1..=workers).map(worker).chain((0..spares).map(|_| Worker::default())).collect(),
        spares,
        total: 1_234_567,
        rate: 12_345.0 * workers as f64,
        own: length(70),
        injected: length(80_000),
        express: length(0),
        due: length(3),
        delayed: length(1_234),
        schedules: 2,
        permits: 1,
        all_permits: 4,
        level: 16,
        paused: false,
        fork_join: true,
        timers: false,
    }
}

fn screen_of(view: &View, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen::draw(frame, view)).unwrap();
    terminal.backend().buffer().clone()
}

#[track_caller]
fn assert_shows(view: &View, width: u16, height: u16, expected: &str) {
    let shown = text(&screen_of(view, width, height));
    assert!(shown == expected, "it shows\n{shown}\nand not\n{expected}");
}

#[test]
fn one_worker_on_a_narrow_terminal() {
    let expected = "\
1 worker  12.3k jobs/s  1.2M so far
        busy             jobs/s steals/s
      0 ███████ 100 %     12.3k      678
      own     70                      ▄█
 injected  80.0k                      ▄█
  express      0
      due      3                      ▂█
  delayed   1.2k                      ▄█
schedules      2  permits 1 of 4
+/- jobs a tick: 16  b burst of 100k
f fork-join: on  t timers: off
s schedules  space pause  q quit
";
    assert_shows(&view(1, 0), 40, 12, expected);
}

#[test]
fn two_workers_and_a_spare_thread_on_a_wide_terminal() {
    let expected = "\
2+1 workers  24.7k jobs/s  1.2M so far
        busy                                              jobs/s steals/s  parks/s    queue
      0 ████████████████████                      50 %     12.3k      678        9        5
      1 ████████████████████████████████████████ 100 %     12.3k      678        9       10
spare 0                                            0 %         0        0        0        0



      own     70                                                                                  ▄█
 injected  80.0k                                                                                  ▄█
  express      0
      due      3                                                                                  ▂█
  delayed   1.2k                                                                                  ▄█
schedules      2  permits 1 of 4
+/- jobs a tick: 16  b burst of 100k  f fork-join: on  t timers: off  s schedules  space pause
q quit
";
    assert_shows(&view(2, 1), 100, 16, expected);
}

#[test]
fn many_workers_on_a_narrow_terminal() {
    let expected = "\
64 workers  790k jobs/s  1.2M so far
51 % busy  43.4k steals/s  576 parks/s
▁▁▁▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇████
      own     70                      ▄█
 injected  80.0k                      ▄█
  express      0
      due      3                      ▂█
  delayed   1.2k                      ▄█
schedules      2  permits 1 of 4
+/- jobs a tick: 16  b burst of 100k
f fork-join: on  t timers: off
s schedules  space pause  q quit
";
    assert_shows(&view(64, 0), 40, 12, expected);
}

#[test]
fn many_workers_on_a_wide_terminal() {
    let expected = "\
64 workers  790k jobs/s  1.2M so far
51 % busy  43.4k steals/s  576 parks/s
▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇████████



      own     70                                                                                  ▄█
 injected  80.0k                                                                                  ▄█
  express      0
      due      3                                                                                  ▂█
  delayed   1.2k                                                                                  ▄█
schedules      2  permits 1 of 4
+/- jobs a tick: 16  b burst of 100k  f fork-join: on  t timers: off  s schedules  space pause
q quit
";
    assert_shows(&view(64, 0), 100, 14, expected);
}

#[test]
fn many_workers_on_a_high_terminal_have_a_line_each() {
    let shown = text(&screen_of(&view(64, 0), 100, 80));
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains("12.3k")).count(), 64);
    assert!(lines[65].starts_with("     63 █") && lines[65].ends_with("100 %     12.3k      678        9      320"));
}

#[test]
fn a_busy_worker_is_red() {
    let buffer = screen_of(&view(64, 0), 64, 12);
    let colours: Vec<_> = (0..64).map(|column| buffer[(column, 2)].fg).collect();
    assert_eq!((colours[0], colours[40], colours[63]), (Color::Green, Color::Yellow, Color::Red));
}

#[test]
fn no_size_is_too_small() {
    for workers in [1, 2, 64, 1024] {
        for (width, height) in (1..90).step_by(8).flat_map(|width| (1..40).map(move |height| (width, height))) {
            let shown = text(&screen_of(&view(workers, 2), width, height));
            assert_eq!(shown.lines().count(), usize::from(height));
        }
    }
}

#[test]
fn frames_are_drawn_while_a_load_runs() {
    let pool = Pool::builder().threads(2).spare_threads(SPARES).build().unwrap();
    let load = Load::start(&pool);
    let shown = frames(&pool, &load).unwrap();
    assert!(shown.starts_with("2+2 workers") && shown.contains("space pause"), "{shown}");
    drop(load);
    assert!(pool.is_shut_down());
}

#[test]
fn keys_turn_the_knobs() {
    let pool = Pool::with_threads(1);
    let load = Load::start(&pool);
    let mut sampler = Sampler::new(&pool);
    let mut press = |keys: &str| {
        assert!(keys.chars().all(|key| obey(KeyCode::Char(key).into(), &load)), "{keys:?} ends the program");
        sampler.view(&pool, &load).clone()
    };
    let before = press(" ");
    assert_eq!((before.level, before.paused, before.fork_join, before.timers), (16, true, true, true));
    let after = press("++-+ft sss");
    assert_eq!((after.level, after.paused, after.fork_join, after.timers), (64, false, false, false));
    assert_eq!((after.schedules, press("sss").schedules), (3, 0));
    assert_eq!((press("-------").level, press("+").level), (0, 1));
    for key in [KeyEvent::from(KeyCode::Esc), KeyCode::Char('q').into()] {
        assert!(!obey(key, &load));
    }
    assert!(!obey(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), &load));
}
