//! Which code is compiled for the models: the `cfg` attributes, evaluated as for the library of this member on Linux.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The condition inside a `#[cfg(…)]`; `None` for another attribute.
pub fn condition(attribute: TokenStream) -> Option<TokenStream> {
    let mut tokens = attribute.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group))) if name == "cfg" => Some(group.stream()),
        _ => None,
    }
}

/// Whether the models are compiled with what stands under this condition.
pub fn holds(condition: TokenStream) -> Result<bool, String> {
    let text = condition.to_string();
    let mut tokens = condition.into_iter();
    let Some(TokenTree::Ident(name)) = tokens.next() else { return Err(format!("cfg({text})")) };
    match (name.to_string().as_str(), tokens.next()) {
        ("filch_loom" | "debug_assertions" | "unix", None) => Ok(true),
        ("test" | "filch_portable" | "filch_shuttle" | "filch_tsan" | "miri" | "doc" | "doctest", None) => Ok(false),
        // The models have no features.
        ("feature", Some(_)) if text.ends_with("\"tracing\"") => Ok(false),
        (target, Some(_)) if target.starts_with("target_") => {
            Ok(["\"linux\"", "\"x86_64\"", "\"64\""].iter().any(|value| text.ends_with(value)))
        }
        ("not", Some(TokenTree::Group(group))) => Ok(!holds(group.stream())?),
        ("all", Some(TokenTree::Group(group))) => Ok(parts(group.stream())?.into_iter().all(|holds| holds)),
        ("any", Some(TokenTree::Group(group))) => Ok(parts(group.stream())?.into_iter().any(|holds| holds)),
        _ => Err(format!("cfg({text})")),
    }
}

fn parts(list: TokenStream) -> Result<Vec<bool>, String> {
    let tokens: Vec<TokenTree> = list.into_iter().collect();
    tokens
        .split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
        .filter(|part| !part.is_empty())
        .map(|part| holds(part.iter().cloned().collect()))
        .collect()
}

/// Where the item, statement or expression ends that begins at `start`: after its block or semicolon, or, if it is none that has a name, its comma.
pub fn end_of_item(trees: &[TokenTree], start: usize) -> usize {
    const NAMED: [&str; 10] = ["fn", "impl", "struct", "enum", "trait", "mod", "use", "static", "type", "const"];
    let mut is_named = false;
    for (index, tree) in trees.iter().enumerate().skip(start) {
        match tree {
            TokenTree::Ident(word) => is_named |= NAMED.iter().any(|name| word == name),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return index + 1,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return index + 1,
            TokenTree::Punct(punct) if punct.as_char() == ',' && !is_named => return index + 1,
            _ => {}
        }
    }
    trees.len()
}
