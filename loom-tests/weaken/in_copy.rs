//! Only in the copy of the sources that `weaken` makes, which calls it at each site: a process may have one of them weakened, as its environment says.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use super::{Ordering, full_fence};

/// What `FILCH_WEAKEN` asks for: `12 Relaxed`, `12 dropped`, `reach` or nothing.
enum Wish {
    Nothing,
    /// Each site is told of when it is first passed.
    Reach,
    /// `None` drops a fence.
    Weaken(usize, Option<Ordering>),
}

static WISH: OnceLock<Wish> = OnceLock::new();
static REACHED: [AtomicBool; 4096] = [const { AtomicBool::new(false) }; 4096];

fn wish() -> Wish {
    let Ok(text) = std::env::var("FILCH_WEAKEN") else { return Wish::Nothing };
    let Some((site, weaker)) = text.split_once(' ') else { return Wish::Reach };
    let weaker = match weaker {
        "Relaxed" => Some(Ordering::Relaxed),
        "Acquire" => Some(Ordering::Acquire),
        "Release" => Some(Ordering::Release),
        "AcqRel" => Some(Ordering::AcqRel),
        "dropped" => None,
        other => panic!("FILCH_WEAKEN: {other}"),
    };
    Wish::Weaken(site.parse().expect("FILCH_WEAKEN begins with a number"), weaker)
}

/// What stands at the site in this process.
fn at(site: usize, ordering: Ordering) -> Option<Ordering> {
    match WISH.get_or_init(wish) {
        Wish::Weaken(chosen, weaker) if *chosen == site => *weaker,
        Wish::Reach if !REACHED[site].swap(true, Ordering::Relaxed) => {
            eprintln!("\nreached {site}");
            Some(ordering)
        }
        _ => Some(ordering),
    }
}

/// The ordering of an access.
pub fn ordering(site: usize, ordering: Ordering) -> Ordering {
    at(site, ordering).expect("an access is not dropped")
}

/// A fence of `std`.
pub fn fence(site: usize, ordering: Ordering) {
    if let Some(ordering) = at(site, ordering) {
        full_fence(ordering);
    }
}

/// One of our own fences.
pub fn unless_dropped(site: usize, fence: impl FnOnce()) {
    if at(site, Ordering::SeqCst).is_some() {
        fence();
    }
}
