//! Smoke.
use filch::*;
use std::sync::atomic::*;
use std::sync::Arc;
#[test] fn smoke() {
    let pool = Pool::with_threads(2);
    let n = Arc::new(AtomicUsize::new(0));
    for _ in 0..100_000 { let n = n.clone(); pool.spawn(move || { n.fetch_add(1, Ordering::Relaxed); }); }
    pool.wait_idle();
    assert_eq!(n.load(Ordering::Relaxed), 100_000);
    let hs: Vec<_> = (0..100_000u64).map(|i| pool.submit(move || i)).collect();
    let s: u64 = hs.into_iter().map(|h| h.join().unwrap()).sum();
    assert_eq!(s, 100_000 * 99_999 / 2);
    fn fib(n: u32) -> u64 { if n < 2 { return n as u64 } let (a, b) = join(|| fib(n - 1), || fib(n - 2)); a + b }
    assert_eq!(pool.install(|| fib(25)), 75025);
    println!("{}", pool.metrics());
}
