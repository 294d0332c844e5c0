//! The copy in which every site can be weakened, so that one build serves all mutants: mutation schemata (Untch, Offutt, Harrold 1993).

use std::collections::BTreeMap;
use std::fs;

use crate::site::{Kind, Site};
use crate::trial::Tree;

/// The module that the copy has more. It looks at the variable of the environment below.
const MODULE: &str = include_str!("in_copy.rs");
const FACADE: &str = "src/sync/mod.rs";

/// Tells a process of the copy which site to weaken, or `reach`.
pub const VARIABLE: &str = "FILCH_WEAKEN";

/// Rewrites every site of the copy. They keep their places in `sites` as their numbers.
pub fn rewrite(tree: &Tree, sites: &[Site]) {
    let mut files: BTreeMap<&str, Vec<(usize, &Site)>> = BTreeMap::new();
    for (number, site) in sites.iter().enumerate() {
        files.entry(&site.file).or_default().push((number, site));
    }
    for (file, mut sites) in files {
        let mut text = fs::read_to_string(tree.root().join(file)).expect("it was scanned");
        sites.sort_by_key(|(_, site)| std::cmp::Reverse(site.place.start));
        for (number, site) in sites {
            let new = rewritten(number, site, &text[site.place.clone()]);
            text.replace_range(site.place.clone(), &new);
        }
        tree.write(file, &text);
    }
    let facade = fs::read_to_string(tree.root().join(FACADE)).expect("it was copied");
    tree.write(FACADE, &format!("{facade}\npub mod weaken;\n"));
    tree.write("src/sync/weaken.rs", MODULE);
}

fn rewritten(number: usize, site: &Site, old: &str) -> String {
    match site.kind {
        Kind::Load(_) | Kind::Store(_) | Kind::Change(_) => format!("crate::sync::weaken::ordering({number}, {old})"),
        Kind::Fence(ordering) => {
            format!("crate::sync::weaken::fence({number}, crate::sync::Ordering::{ordering:?})")
        }
        Kind::OwnFence => format!("crate::sync::weaken::unless_dropped({number}, || {old})"),
    }
}
