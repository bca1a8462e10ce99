// SPDX-License-Identifier: GPL-2.0-only

//! Pages that show files of the checkout which other pages refer to.

use std::fmt::Write;
use std::path::Path;

use crate::assemble::{files, read};

/// The page of a file, or of a folder with all files in it.
pub(crate) fn page(checkout: &Path, path: &Path) -> Result<String, String> {
    let title = path.display();
    let who = "For readers of the pages that refer to it";
    if !checkout.join(path).is_dir() {
        return Ok(format!(
            "# {title}\n\n{who}. This is the file as it is in the source tree.\n\n{}",
            shown(checkout, path)?
        ));
    }
    let mut text = format!(
        "# {title}\n\n{who}. These are the folder's files as they are in the source tree.\n"
    );
    for file in files(checkout, path)? {
        let name = file.strip_prefix(path).unwrap_or(&file);
        let _ = write!(
            text,
            "\n## {}\n\n{}",
            name.display(),
            shown(checkout, &file)?
        );
    }
    Ok(text)
}

/// A file as a block of code, fenced by more marks than there are in it.
fn shown(checkout: &Path, path: &Path) -> Result<String, String> {
    let text = read(checkout, path)?;
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    Ok(format!(
        "{fence}{}\n{}\n{fence}\n",
        language(path, &text),
        text.trim_end()
    ))
}

/// The language of a file, as highlighters call it.
fn language(path: &Path, text: &str) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("rs") => "rust",
        Some("c" | "h") => "c",
        Some("json") => "json",
        Some("py") => "python",
        Some("toml" | "service" | "timer") => "ini",
        Some("yaml") => "yaml",
        _ if text.starts_with("#!") => "bash",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_fence_in_it_is_fenced_by_a_longer_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rs"), "//! ```\n//! x\n//! ```\n").unwrap();
        let text = page(folder.path(), Path::new("a.rs")).unwrap();
        assert!(
            text.ends_with("````rust\n//! ```\n//! x\n//! ```\n````\n"),
            "{text}"
        );
    }

    #[test]
    fn the_page_of_a_folder_has_all_files_below_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("tools/perf")).unwrap();
        std::fs::write(folder.path().join("tools/perf/stat"), "#!/bin/sh\n").unwrap();
        let text = page(folder.path(), Path::new("tools")).unwrap();
        assert!(
            text.contains("\n## perf/stat\n\n```bash\n#!/bin/sh\n```\n"),
            "{text}"
        );
    }
}
