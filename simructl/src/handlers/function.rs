// SPDX-License-Identifier: GPL-2.0-only

//! Short but distinct names of functions.

use simrupt::handlers::Row;
use simrupt::text::in_one_row;

/// The name of a handler, followed by its module. The name of a Rust function is without the paths of its types.
pub(super) fn name(row: &Row) -> String {
    let mut name = match row.name.contains("::") {
        true => without_paths(&row.name),
        false => row.name.clone(),
    };
    if let Some(module) = &row.module {
        name += &format!(" [{module}]");
    }
    in_one_row(&name).into_owned()
}

/// `<a::b::C<d::E> as f::G>::run` as `<C<E> as G>::run`, and `a::b::C::run` as `C::run`.
fn without_paths(name: &str) -> String {
    let mut short = String::new();
    // The words of the current path, and the depth of angle brackets.
    let mut path: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut depth = 0_usize;
    let mut rest = name.chars().peekable();
    loop {
        match rest.next() {
            Some(c) if c == '_' || c.is_alphanumeric() => word.push(c),
            Some(':') if !word.is_empty() && rest.next_if_eq(&':').is_some() => {
                path.push(std::mem::take(&mut word));
            }
            other => {
                path.push(std::mem::take(&mut word));
                let kept = path.len().min(if depth == 0 { 2 } else { 1 });
                short += &path.split_off(path.len() - kept).join("::");
                path.clear();
                match other {
                    Some('<') => depth += 1,
                    Some('>') => depth = depth.saturating_sub(1),
                    Some(_) => {}
                    None => return short,
                }
                short.extend(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_rust_is_short() {
        for (name, short) in [
            ("<a::b::C<d::E> as f::G<1>>::run", "<C<E> as G<1>>::run"),
            ("simrupt_main::driver::Line::work", "Line::work"),
            ("vmstat_update", "vmstat_update"),
            ("a::b::{closure#0}", "b::{closure#0}"),
            ("", ""),
            ("::", "::"),
        ] {
            assert_eq!(without_paths(name), short, "{name}");
        }
    }
}
