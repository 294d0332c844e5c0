use super::*;

/// Nanoseconds of a tick.
const TICK: u64 = 1 << TICK_BITS;

fn due(wheel: &mut Wheel<u32>, now: u64) -> Vec<(u64, u32)> {
    let mut all = Vec::new();
    wheel.poll(now, usize::MAX, |deadline, value| all.push((deadline, value)));
    all
}

#[test]
fn gives_what_is_due_by_deadline_and_then_by_age() {
    let mut wheel = Wheel::new(0);
    for (value, deadline) in [500, 100, 500, u64::MAX, 70_000_000, 100, 0].into_iter().enumerate() {
        wheel.insert(deadline, value as u32);
    }
    assert_eq!(wheel.next_deadline(), Some(0));
    assert_eq!(due(&mut wheel, 499), [(0, 6), (100, 1), (100, 5)]);
    assert_eq!(due(&mut wheel, 500), [(500, 0), (500, 2)]);
    assert_eq!(wheel.next_deadline(), Some(70_000_000));
    assert_eq!(due(&mut wheel, 69_999_999), []);
    assert_eq!(due(&mut wheel, u64::MAX - 1), [(70_000_000, 4)]);
    assert_eq!(due(&mut wheel, u64::MAX), [(u64::MAX, 3)]);
    assert_eq!((wheel.len(), wheel.next_deadline()), (0, None));
}

#[test]
fn equal_deadlines_come_in_order_from_every_level() {
    for level in 0..LEVELS as u32 {
        let deadline = (TICK << (SLOT_BITS * level)) * 3 + 5;
        let mut wheel = Wheel::new(0);
        for value in 0..100 {
            // Some come early, and move down; the others come when the wheel is near.
            if value == 50 {
                assert_eq!(due(&mut wheel, deadline - 1), []);
            }
            wheel.insert(deadline, value);
        }
        let expected: Vec<_> = (0..100).map(|value| (deadline, value)).collect();
        assert_eq!(due(&mut wheel, deadline), expected, "level {level}");
    }
}

#[test]
fn a_limit_leaves_the_rest_for_the_next_poll() {
    let mut wheel = Wheel::new(0);
    for n in 0..10 {
        wheel.insert(n % 3, n as u32);
    }
    let mut all = Vec::new();
    while wheel.len() > 0 {
        let before = wheel.len();
        wheel.poll(5, 3, |deadline, value| all.push((deadline, value)));
        assert_eq!(wheel.len(), before.saturating_sub(3));
    }
    let mut expected: Vec<_> = (0..10).map(|n| (n % 3, n as u32)).collect();
    expected.sort_by_key(|(deadline, _)| *deadline);
    assert_eq!(all, expected);
}

#[test]
fn sweeping_all_parts_meets_every_entry_once() {
    let mut wheel = Wheel::new(0);
    let mut deadline = 1;
    for value in 0..60 {
        wheel.insert(deadline, value);
        deadline = deadline.saturating_mul(2);
    }
    due(&mut wheel, 0);
    let mut met = Vec::new();
    let (mut part, mut removed, mut counted) = (0, 0, 0);
    while let Some(next) = wheel.next_part(part) {
        counted += wheel.part_len(next);
        removed += wheel.sweep_part(
            next,
            |_| (),
            |value, _| {
                met.push(*value);
                *value % 3 == 0
            },
        );
        part = next + 1;
    }
    assert_eq!(counted, 60);
    met.sort_unstable();
    assert_eq!(met, (0..60).collect::<Vec<_>>());
    assert_eq!((removed, wheel.len()), (40, 20));
    let mut left = wheel.take_all();
    left.sort_unstable();
    assert_eq!(left, (0..60).step_by(3).collect::<Vec<_>>());
    assert_eq!((wheel.len(), wheel.next_deadline()), (0, None));
}

#[test]
fn what_is_removed_from_its_place_is_gone_and_the_others_stay() {
    let mut wheel = Wheel::new(0);
    let places: Vec<_> = (0..100).map(|n| wheel.insert(TICK * 64, n).unwrap()).collect();
    for n in (0..100).filter(|n| n % 10 != 0) {
        let (value, part) = wheel.remove(places[n as usize], |value| *value == n).unwrap();
        assert_eq!(value, n);
        assert_eq!(wheel.is_sparse(part), n > 83, "{n}");
        assert!(wheel.remove(places[n as usize], |_| true).is_none(), "there is a gap");
    }
    assert!(wheel.remove(places[0], |value| *value == 1).is_none(), "it is another one");
    assert_eq!(due(&mut wheel, TICK * 64), (0..10).map(|n| (TICK * 64, 10 * n)).collect::<Vec<_>>());
}

#[test]
fn a_sweep_closes_gaps_and_says_where_the_others_are() {
    let mut wheel = Wheel::new(0);
    let mut places: Vec<_> = (0..100).map(|n| wheel.insert(TICK * 64, n).unwrap()).collect();
    for n in 0..90 {
        wheel.remove(places[n as usize], |value| *value == n).unwrap();
    }
    let part = wheel.next_part(0).unwrap();
    assert_eq!(wheel.part_len(part), 100);
    let keep = |value: &mut u32, place: Option<usize>| {
        places[*value as usize] = place.unwrap();
        *value != 95
    };
    assert_eq!(wheel.sweep_part(part, |_| (), keep), 1);
    assert_eq!(wheel.part_len(part), 9);
    for n in (90..100).filter(|n| *n != 95) {
        assert_eq!(wheel.remove(places[n as usize], |value| *value == n).map(|(value, _)| value), Some(n));
    }
    assert_eq!((wheel.len(), wheel.next_deadline()), (0, None));
}
