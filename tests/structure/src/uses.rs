// SPDX-License-Identifier: GPL-2.0-only

//! The uses of a Rust file: of its own crate, of unsafe code and of raw bindings. They are found by its tokens, so that
//! macros are included.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{iter::Peekable, vec::IntoIter};

/// A use that a rule may forbid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// An item of the crate, by up to two names from its root on.
    Crate(String),
    /// The keyword `unsafe`.
    Unsafe,
    /// The name `bindings`, followed by a path.
    Bindings,
}

type Tokens = Peekable<IntoIter<TokenTree>>;

/// The uses in a file whose module is `depth` below the root, each with its line.
pub(crate) fn of(text: &str, depth: usize) -> Result<Vec<(usize, Use)>, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("no Rust: {error}"))?;
    let mut found = Vec::new();
    walk(tokens, depth, &mut found);
    Ok(found)
}

fn tokens(stream: TokenStream) -> Tokens {
    stream
        .into_iter()
        .collect::<Vec<_>>()
        .into_iter()
        .peekable()
}

/// Walks a sequence of tokens in a module `depth` below the root.
fn walk(stream: TokenStream, depth: usize, found: &mut Vec<(usize, Use)>) {
    let mut tokens = tokens(stream);
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => walk(group.stream(), depth, found),
            TokenTree::Ident(ident) => {
                let line = ident.span().start().line;
                match ident.to_string().as_str() {
                    "unsafe" => found.push((line, Use::Unsafe)),
                    "bindings" if is_path(&mut tokens) => found.push((line, Use::Bindings)),
                    "crate" if is_path(&mut tokens) => path(&mut tokens, 0, line, found),
                    "super" if is_path(&mut tokens) => {
                        path(&mut tokens, depth.saturating_sub(1), line, found);
                    }
                    "mod" => inline_module(&mut tokens, depth, found),
                    _ => {}
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Consumes `::` if it is next; returns whether it was.
fn is_path(tokens: &mut Tokens) -> bool {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    // A single colon, of a type or a binding, is not consumed.
    let mut ahead = tokens.clone();
    let is_path = ahead.next().is_some_and(|token| is_colon(&token))
        && ahead.next().is_some_and(|token| is_colon(&token));
    if is_path {
        *tokens = ahead;
    }
    is_path
}

/// Walks the rest of a path that has led to a module `depth` below the root.
fn path(tokens: &mut Tokens, depth: usize, line: usize, found: &mut Vec<(usize, Use)>) {
    match tokens.peek().cloned() {
        Some(TokenTree::Ident(ident)) if ident == "super" => {
            tokens.next();
            if is_path(tokens) {
                path(tokens, depth.saturating_sub(1), line, found);
            }
        }
        Some(TokenTree::Ident(ident)) => {
            tokens.next();
            let next = is_path(tokens).then(|| tokens.peek().cloned()).flatten();
            if depth == 0 {
                let name = match &next {
                    Some(TokenTree::Ident(second)) => format!("{ident}::{second}"),
                    _ => ident.to_string(),
                };
                found.push((line, Use::Crate(name)));
            }
            // There may be more paths below, in braces, but none that leads up.
            match next {
                Some(TokenTree::Ident(second)) if ident == "bindings" => {
                    found.push((second.span().start().line, Use::Bindings));
                }
                _ => {}
            }
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            tokens.next();
            let mut inner = self::tokens(group.stream());
            while let Some(token) = inner.peek() {
                let line = token.span().start().line;
                path(&mut inner, depth, line, found);
                // Skips to the next one of the list.
                for token in inner.by_ref() {
                    if matches!(token, TokenTree::Punct(ref punct) if punct.as_char() == ',') {
                        break;
                    }
                }
            }
        }
        _ => {}
    }
}

/// Walks an inline module, if there is one.
fn inline_module(tokens: &mut Tokens, depth: usize, found: &mut Vec<(usize, Use)>) {
    let mut ahead = tokens.clone();
    if let (Some(TokenTree::Ident(_)), Some(TokenTree::Group(group))) = (ahead.next(), ahead.next())
    {
        *tokens = ahead;
        walk(group.stream(), depth + 1, found);
    }
}
