//! What the scan finds in small samples, and that the document fits the sources.

use std::sync::atomic::Ordering;

use crate::attempt::Outcome;
use crate::parallel::map;
use crate::rows::Row;
use crate::scan::{Scan, read};
use crate::site::{Kind, Weaker};
use crate::{document, scan, workspace};

fn found(text: &str) -> Scan {
    let mut scan = Scan::default();
    read("sample.rs", text, &mut scan).unwrap();
    scan
}

fn names(text: &str) -> Vec<String> {
    found(text).sites.iter().map(|site| format!("{} {}", site.name(), site.kind)).collect()
}

#[test]
fn the_document_fits_the_sources() {
    let scan = scan::scan(workspace()).unwrap();
    document::check(&scan).unwrap_or_else(|errors| panic!("{errors}"));
}

/// The program writes after each weakening: what is by hand stays.
#[test]
fn the_document_is_written_as_it_was_read() {
    let text = std::fs::read_to_string(workspace().join("docs/orderings.md")).unwrap();
    assert_eq!(document::Document::parse(&text).unwrap().text(), text);
}

#[test]
fn an_access_is_named_by_its_function_and_its_receiver() {
    let text = "impl<T: Send> Drop for Queue<T> { fn drop(&mut self) { self.slots[1].load(Ordering::Acquire); self.slot(2).store(0, Ordering::Release);
        self.0.swap(1, Ordering::AcqRel); } } fn free() { word.load(Ordering::Relaxed); }";
    let wanted = ["drop slots.load Acquire", "drop slot.store Release", "drop self.0.swap AcqRel"]
        .map(|name| format!("Queue::{name}"));
    let mut wanted = wanted.to_vec();
    wanted.push("free word.load Relaxed".to_string());
    assert_eq!(names(text), wanted);
}

#[test]
fn a_failed_exchange_loads() {
    let text = "fn f() { a.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire); a.fetch_update(Ordering::Release, Ordering::Relaxed, |a, b| c); }";
    let kinds: Vec<Kind> = found(text).sites.iter().map(|site| site.kind).collect();
    let (change, load) = (Kind::Change, Kind::Load);
    use Ordering::{AcqRel, Acquire, Relaxed, Release};
    assert_eq!(kinds, [change(AcqRel), load(Acquire), change(Release), load(Relaxed)]);
}

#[test]
fn equal_accesses_of_a_function_are_numbered() {
    let text = "fn f() { a.load(Ordering::Acquire); if x { a.load(Ordering::Acquire) } else { g() } }";
    assert_eq!(names(text), ["f a.load Acquire", "f a.load #2 Acquire"]);
}

#[test]
fn what_stands_in_macros_is_found() {
    let text = "fn f() { assert!(matches!(self.state.load(Ordering::Acquire), A | B)); } wrapped! { pub const fn g() { x.store(1, Ordering::Release) } }";
    assert_eq!(names(text), ["f state.load Acquire", "g x.store Release"]);
}

#[test]
fn fences_are_found_with_their_arguments() {
    let text = "fn f() { full_fence(Ordering::SeqCst); fence::light(); other::light(); light(); }";
    assert_eq!(names(text), ["f full_fence SeqCst", "f fence::light its own"]);
    let places: Vec<&str> = found(text).sites.iter().map(|site| &text[site.place.clone()]).collect();
    assert_eq!(places, ["full_fence(Ordering::SeqCst)", "fence::light()"]);
}

#[test]
fn code_that_the_models_do_not_have_is_left_out() {
    let text = "#[cfg(test)] mod tests { fn f() { a.load(Ordering::Acquire); } } #[cfg(not(filch_loom))] fn g<A, B>() { a.load(Ordering::Acquire); }
        fn h() { #[cfg(all(filch_loom, target_os = \"linux\"))] b.load(Ordering::Acquire); #[cfg(any(test, miri))] c.load(Ordering::Acquire); }
        // d.load(Ordering::Acquire)
        fn i() { \"e.load(Ordering::Acquire)\"; }";
    assert_eq!(names(text), ["h b.load Acquire"]);
}

#[test]
fn plain_atomics_are_left_out_and_told_of() {
    let scan = found("use std::sync::atomic::{AtomicU64, Ordering}; fn f() { a.load(Ordering::Acquire); }");
    assert_eq!((scan.sites.len(), scan.plain.len()), (0, 1));
    let scan = found("fn f() { a.load(std::sync::atomic::Ordering::Acquire); b.load(Ordering::Acquire); }");
    assert_eq!((scan.sites.len(), scan.plain.len()), (1, 1));
}

#[test]
fn other_orderings_are_no_sites() {
    assert!(names("fn f() { a.cmp(b) == Ordering::Less; }").is_empty());
}

#[test]
fn an_ordering_that_cannot_be_placed_is_an_error() {
    for text in [
        "fn f() { let x = Ordering::Acquire; }",
        "fn f() { g(Ordering::Acquire); }",
        "use std::sync::atomic::Ordering::Relaxed;",
    ] {
        assert!(read("sample.rs", text, &mut Scan::default()).is_err(), "{text}");
    }
    assert!(read("sample.rs", "#[cfg(feature = \"x\")] fn f() {}", &mut Scan::default()).is_err());
}

#[test]
fn work_is_shared_out_and_its_results_are_in_order() {
    // Each of the two waits for the other: alone, the first would wait for ever.
    let both = std::sync::Barrier::new(2);
    let results = map(2, vec![1, 2], |number| {
        both.wait();
        number * 10
    });
    assert_eq!(results, [10, 20]);
}

/// Loom refuses, and `std` too, what an operation cannot have.
#[test]
fn what_is_weaker_is_valid() {
    use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    for level in [Relaxed, Acquire, Release, AcqRel, SeqCst] {
        let none_of = |kind: Kind, wrong: &[Ordering]| {
            assert!(!kind.weaker().iter().any(|weaker| matches!(weaker, Weaker::With(level) if wrong.contains(level))));
            assert!(!kind.weaker().contains(&Weaker::With(level)), "no weaker than before");
        };
        none_of(Kind::Load(level), &[Release, AcqRel]);
        none_of(Kind::Store(level), &[Acquire, AcqRel]);
        none_of(Kind::Fence(level), &[Relaxed]);
        none_of(Kind::Change(level), &[]);
        assert_eq!(Kind::Change(level).weaker().is_empty(), level == Relaxed);
    }
}

#[test]
fn a_row_is_read_as_it_was_written() {
    let sites = found("fn f() { a.swap(1, Ordering::AcqRel); }").sites;
    let mut row = Row { pairs_with: "`g`".to_string(), makes_visible: "the rest".to_string(), ..Row::new(&sites[0]) };
    row.set(Weaker::With(Ordering::Acquire), &Outcome::Killed("room::model".to_string()));
    row.set(Weaker::With(Ordering::Release), &Outcome::Survived);
    assert_eq!(Row::parse(row.line().trim()), Ok(row.clone()));
    assert_eq!(row.errors(&sites[0]), ["a weakening survives, and no reason is given"]);
    row.why = "a fence does the same".to_string();
    assert!(row.errors(&sites[0]).is_empty());
    let stronger = found("fn f() { a.swap(1, Ordering::SeqCst); }").sites;
    assert_eq!(row.errors(&stronger[0]), ["is SeqCst in the sources and AcqRel here"]);
}
