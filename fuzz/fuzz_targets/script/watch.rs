//! An end for scripts that hang.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Nothing takes so long, also on a busy machine. An abort has the fuzzer keep the script.
const PATIENCE: Duration = Duration::from_secs(40);

static SCRIPTS: AtomicU64 = AtomicU64::new(0);

/// The next script has begun.
pub fn begin() {
    static WATCH: Once = Once::new();
    SCRIPTS.fetch_add(1, Ordering::Relaxed);
    WATCH.call_once(|| {
        std::thread::spawn(|| {
            let mut seen = 0;
            loop {
                std::thread::sleep(PATIENCE);
                let scripts = SCRIPTS.load(Ordering::Relaxed);
                if scripts == seen {
                    eprintln!("a script hangs for {PATIENCE:?}");
                    std::process::abort();
                }
                seen = scripts;
            }
        });
    });
}
