//! Finds every `Ordering` argument and every fence of the code that the models are compiled from.
//!
//! It walks the tokens, not a syntax tree: so it also sees what stands inside `matches!` and other macros. An `Ordering` that it cannot place is an error.

use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::cfg;
use crate::site::{Kind, Site};

/// What was found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The sites, file by file, from top to bottom.
    pub sites: Vec<Site>,
    /// Those of plain `std` atomics, which the model does not see: their files.
    pub plain: Vec<String>,
}

/// Reads the crate below `root`, a workspace.
pub fn scan(root: &Path) -> Result<Scan, String> {
    let mut scan = Scan::default();
    let mut left = vec![PathBuf::from("src/lib.rs")];
    while let Some(file) = left.pop() {
        let text = fs::read_to_string(root.join(&file)).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut modules = read(&file.display().to_string(), &text, &mut scan)?;
        modules.reverse();
        left.extend(modules.iter().map(|name| path_of(root, &file, name)));
    }
    Ok(scan)
}

/// Where the module lies that `file` declares.
fn path_of(root: &Path, file: &Path, module: &str) -> PathBuf {
    let folder = match file.file_name().is_some_and(|name| name == "lib.rs" || name == "mod.rs") {
        true => file.parent().expect("a file lies in a folder").to_path_buf(),
        false => file.with_extension(""),
    };
    let alone = folder.join(format!("{module}.rs"));
    if root.join(&alone).exists() { alone } else { folder.join(module).join("mod.rs") }
}

/// Adds what one file has, and returns the modules that it declares.
pub fn read(file: &str, text: &str, scan: &mut Scan) -> Result<Vec<String>, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{file}: {error}"))?;
    let mut walk = Walk { file, text, modules: Vec::new(), is_plain: false, owner: None, function: None, found: scan };
    let first = walk.found.sites.len();
    walk.walk(tokens, None)?;
    let modules = walk.modules;
    number(&mut scan.sites[first..]);
    Ok(modules)
}

/// Tells accesses of one name in one function apart.
fn number(sites: &mut [Site]) {
    let mut seen = HashMap::new();
    for site in sites {
        let count: &mut usize = seen.entry((site.function.clone(), site.access.clone())).or_default();
        *count += 1;
        site.ordinal = *count;
    }
}

/// A walk through one file.
struct Walk<'a> {
    file: &'a str,
    text: &'a str,
    modules: Vec<String>,
    /// Whether `Ordering` is imported from `std`.
    is_plain: bool,
    /// The type whose methods these are.
    owner: Option<String>,
    function: Option<String>,
    found: &'a mut Scan,
}

/// The call whose arguments are walked through.
struct Call {
    /// What stands before the dot; empty if nothing does.
    receiver: String,
    name: String,
    /// The bytes from its path to its arguments' end.
    place: Range<usize>,
    /// Orderings seen among its arguments.
    orderings: usize,
}

impl Walk<'_> {
    fn walk(&mut self, stream: TokenStream, mut call: Option<Call>) -> Result<(), String> {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            at = match &trees[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(&trees, at)?,
                TokenTree::Ident(word) if word == "mod" => self.module(&trees, at),
                TokenTree::Ident(word) if word == "use" => self.import(&trees, at)?,
                TokenTree::Ident(word) if word == "fn" => self.function(&trees, at)?,
                TokenTree::Ident(word) if word == "impl" || word == "trait" => self.methods(&trees, at)?,
                TokenTree::Ident(word) if word == "Ordering" => self.ordering(&trees, at, call.as_mut())?,
                TokenTree::Group(group) => self.group(&trees, at, group)?,
                _ => at + 1,
            };
        }
        Ok(())
    }

    /// Skips what the models are compiled without.
    fn attribute(&mut self, trees: &[TokenTree], at: usize) -> Result<usize, String> {
        let Some(TokenTree::Group(group)) = trees.get(at + 1) else { return Ok(at + 1) };
        match cfg::condition(group.stream()).map(cfg::holds).transpose() {
            Ok(Some(false)) => Ok(cfg::end_of_item(trees, at + 2)),
            Ok(_) => Ok(at + 2),
            Err(unknown) => Err(format!("{}: cannot tell whether the models are compiled with {unknown}", self.file)),
        }
    }

    fn module(&mut self, trees: &[TokenTree], at: usize) -> usize {
        if let [TokenTree::Ident(name), TokenTree::Punct(end), ..] = &trees[at + 1..] {
            if end.as_char() == ';' {
                self.modules.push(name.to_string());
            }
        }
        at + 1
    }

    fn import(&mut self, trees: &[TokenTree], at: usize) -> Result<usize, String> {
        let end = (at..trees.len()).find(|&index| is_punct(trees, index, ';')).unwrap_or(trees.len());
        let path = text_of(&trees[at..end]);
        let has_ordering = path.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Ordering");
        if has_ordering && path.contains("atomic") && path.starts_with("use std") {
            self.is_plain = true;
        }
        if path.contains("Ordering ::") {
            return Err(format!("{}: write `Ordering::` at each place, for the scan: {path}", self.file));
        }
        Ok(end)
    }

    fn function(&mut self, trees: &[TokenTree], at: usize) -> Result<usize, String> {
        let Some(TokenTree::Ident(name)) = trees.get(at + 1) else { return Ok(at + 1) };
        let Some((end, body)) = block(trees, at) else { return Ok(at + 1) };
        let name = match &self.owner {
            Some(owner) => format!("{owner}::{name}"),
            None => name.to_string(),
        };
        let outer = (self.function.replace(name), self.owner.take());
        self.walk(body.stream(), None)?;
        (self.function, self.owner) = outer;
        Ok(end + 1)
    }

    fn methods(&mut self, trees: &[TokenTree], at: usize) -> Result<usize, String> {
        let Some((end, body)) = block(trees, at) else { return Ok(at + 1) };
        let outer = self.owner.replace(type_name(&trees[at + 1..end]));
        self.walk(body.stream(), None)?;
        self.owner = outer;
        Ok(end + 1)
    }

    fn group(&mut self, trees: &[TokenTree], at: usize, group: &Group) -> Result<usize, String> {
        if group.delimiter() != Delimiter::Parenthesis || at == 0 {
            return self.walk(group.stream(), None).map(|()| at + 1);
        }
        let TokenTree::Ident(name) = &trees[at - 1] else { return self.walk(group.stream(), None).map(|()| at + 1) };
        let start = start_of_path(trees, at - 1);
        let place = trees[start].span().byte_range().start..group.span().byte_range().end;
        let call = Call { receiver: receiver(trees, at - 1), name: name.to_string(), place, orderings: 0 };
        let is_own = start != at - 1 && text_of(&trees[start..at]).starts_with("fence ::");
        if is_own && ["light", "heavy", "after_exchange"].contains(&call.name.as_str()) {
            self.push(format!("fence::{}", call.name), Kind::OwnFence, call.place.clone());
        }
        self.walk(group.stream(), Some(call))?;
        Ok(at + 1)
    }

    /// `Ordering`, which a level may follow.
    fn ordering(&mut self, trees: &[TokenTree], at: usize, call: Option<&mut Call>) -> Result<usize, String> {
        let Some(level) = level(trees, at) else { return Ok(at + 1) };
        let start = start_of_path(trees, at);
        if self.is_plain || text_of(&trees[start..at]).starts_with("std ::") {
            self.found.plain.push(self.file.to_string());
            return Ok(at + 4);
        }
        let place = trees[start].span().byte_range().start..trees[at + 3].span().byte_range().end;
        let call = call.ok_or_else(|| self.lost(&place))?;
        call.orderings += 1;
        let (kind, suffix) = kind(&call.name, call.orderings, level).ok_or_else(|| self.lost(&place))?;
        let dot = if call.receiver.is_empty() { "" } else { "." };
        let access = format!("{}{dot}{}{suffix}", call.receiver, call.name);
        let place = if matches!(kind, Kind::Fence(_)) { call.place.clone() } else { place };
        self.push(access, kind, place);
        Ok(at + 4)
    }

    fn push(&mut self, access: String, kind: Kind, place: Range<usize>) {
        let function = self.function.clone().unwrap_or_default();
        self.found.sites.push(Site { file: self.file.to_string(), function, access, ordinal: 1, kind, place });
    }

    fn lost(&self, place: &Range<usize>) -> String {
        let line = self.text[..place.start].lines().count();
        format!("{}:{line}: an ordering that is no argument of an access or a fence", self.file)
    }
}

/// What the `count`th ordering of a call of this name orders.
fn kind(name: &str, count: usize, level: Ordering) -> Option<(Kind, &'static str)> {
    match (name, count) {
        ("load", 1) => Some((Kind::Load(level), "")),
        ("store", 1) => Some((Kind::Store(level), "")),
        ("fence" | "full_fence", 1) => Some((Kind::Fence(level), "")),
        ("compare_exchange" | "compare_exchange_weak" | "fetch_update", 1) => Some((Kind::Change(level), "")),
        ("compare_exchange" | "compare_exchange_weak" | "fetch_update", 2) => Some((Kind::Load(level), " failed")),
        (name, 1) if name == "swap" || name.starts_with("fetch_") => Some((Kind::Change(level), "")),
        _ => None,
    }
}

/// The level after `Ordering::`, if it is one of memory.
fn level(trees: &[TokenTree], at: usize) -> Option<Ordering> {
    let Some(TokenTree::Ident(level)) = trees.get(at + 3) else { return None };
    if !is_punct(trees, at + 1, ':') || !is_punct(trees, at + 2, ':') {
        return None;
    }
    match level.to_string().as_str() {
        "Relaxed" => Some(Ordering::Relaxed),
        "Acquire" => Some(Ordering::Acquire),
        "Release" => Some(Ordering::Release),
        "AcqRel" => Some(Ordering::AcqRel),
        "SeqCst" => Some(Ordering::SeqCst),
        _ => None,
    }
}

/// Where the path begins whose last name is at `at`.
fn start_of_path(trees: &[TokenTree], at: usize) -> usize {
    let mut start = at;
    while start >= 3 && is_punct(trees, start - 1, ':') && is_punct(trees, start - 2, ':') {
        match trees[start - 3] {
            TokenTree::Ident(_) => start -= 3,
            _ => break,
        }
    }
    start
}

/// The name of what stands before the dot before `at`: the last field, the called function, or the indexed field.
fn receiver(trees: &[TokenTree], at: usize) -> String {
    if at < 2 || !is_punct(trees, at - 1, '.') {
        return String::new();
    }
    match (&trees[at - 2], at.checked_sub(3).map(|before| &trees[before])) {
        (TokenTree::Group(_), Some(TokenTree::Ident(name))) => name.to_string(),
        (TokenTree::Ident(name), _) => name.to_string(),
        (TokenTree::Literal(field), _) => format!("self.{field}"),
        _ => String::new(),
    }
}

/// The type that an `impl` or `trait` is for, given what stands between that word and the block.
fn type_name(header: &[TokenTree]) -> String {
    let (mut depth, mut name) = (0, String::new());
    for (index, tree) in header.iter().enumerate() {
        match tree {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' && !is_punct(header, index.wrapping_sub(1), '-') => {
                depth -= 1;
            }
            TokenTree::Ident(word) if word == "where" => break,
            // The bounds of a trait.
            TokenTree::Punct(punct) if depth == 0 && is_bound(header, index, punct.as_char()) => break,
            TokenTree::Ident(word) if depth == 0 && word != "for" => name = word.to_string(),
            _ => {}
        }
    }
    name
}

/// Whether a colon stands alone at `index`.
fn is_bound(trees: &[TokenTree], index: usize, punct: char) -> bool {
    punct == ':' && !is_punct(trees, index + 1, ':') && !is_punct(trees, index.wrapping_sub(1), ':')
}

/// The block of the item that begins at `at`; `None` if it has none.
fn block(trees: &[TokenTree], at: usize) -> Option<(usize, &Group)> {
    for (index, tree) in trees.iter().enumerate().skip(at) {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Some((index, group)),
            TokenTree::Punct(punct) if punct.as_char() == ';' => return None,
            _ => {}
        }
    }
    None
}

fn is_punct(trees: &[TokenTree], at: usize, wanted: char) -> bool {
    matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn text_of(trees: &[TokenTree]) -> String {
    trees.iter().cloned().collect::<TokenStream>().to_string()
}
