// SPDX-License-Identifier: GPL-2.0-only

//! The comment above a fenced block that says how its transcript is made. Pure.
//!
//! ```text
//! <!-- transcript: WORDS
//! commands that set up, which the page does not show
//! -->
//! ```
//!
//! Instead of words and commands there may be `made by TARGET`, for a transcript that something else makes and checks, or
//! `not run: REASON`. Documentation/testing.md explains the words.

use crate::numbers::Vary;

/// How a marker begins.
pub(crate) const OPENING: &str = "<!-- transcript:";
const CLOSING: &str = "-->";

/// How the transcript of a block is made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Marker {
    /// By something else, which checks it, too.
    MadeBy(String),
    /// Not in the test machine, for this reason.
    NotRun(String),
    Run(Run),
}

/// A transcript that runs in a test machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Run {
    /// A new session, in such a machine; where it is absent, the block goes on where the one before it ended.
    pub(crate) machine: Option<Machine>,
    /// Commands that run before the block, and must succeed.
    pub(crate) set_up: Vec<String>,
    pub(crate) content: Content,
    pub(crate) vary: Vary,
    /// Whether the page shows standard output alone.
    pub(crate) is_stdout: bool,
    /// Whether the page shows lines of the output only, with others between them.
    pub(crate) is_excerpt: bool,
}

/// What a block holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Content {
    /// Commands behind prompts, each with its output.
    #[default]
    Session,
    /// The output of this command.
    OutputOf(String),
    /// Commands alone, all of which must succeed.
    Commands,
}

/// A machine for a session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Machine {
    pub(crate) image: Image,
    pub(crate) cpus: u32,
    /// Files of the checkout that lie in the session's folder.
    pub(crate) files: Vec<String>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            image: Image::Plain,
            cpus: 2,
            files: Vec::new(),
        }
    }
}

/// A file system of machines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Image {
    /// That of the tests: busybox, the module and simructl.
    #[default]
    Plain,
    /// A Debian with the tracing tools.
    Tools,
}

impl Image {
    /// Its word, in markers and for tests/lab/docs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tools => "tools",
        }
    }
}

/// The marker in these lines, of which the first begins with [`OPENING`], and the last ends the comment.
pub(crate) fn parse(lines: &[&str]) -> Result<Marker, String> {
    let comment = lines.join("\n");
    let inner = comment
        .trim()
        .strip_prefix(OPENING)
        .and_then(|rest| rest.strip_suffix(CLOSING))
        .ok_or("the comment does not end above its block")?;
    let (words, set_up) = inner.split_once('\n').unwrap_or((inner, ""));
    let told = inner.trim().replace('\n', " ");
    if let Some(reason) = told.strip_prefix("not run:") {
        return stated(reason, "a reason").map(Marker::NotRun);
    }
    if let Some(target) = told.strip_prefix("made by ") {
        return stated(target, "a target").map(Marker::MadeBy);
    }
    let mut run = run(&split(words)?)?;
    run.set_up = set_up.lines().map(str::to_owned).collect();
    while run.set_up.last().is_some_and(|line| line.trim().is_empty()) {
        run.set_up.pop();
    }
    Ok(Marker::Run(run))
}

fn stated(text: &str, what: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("{what} is missing")),
        text => Ok(text.to_owned()),
    }
}

fn run(words: &[String]) -> Result<Run, String> {
    let mut run = Run::default();
    let mut machine = Machine::default();
    let (mut is_new, mut has_machine) = (false, false);
    for word in words {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        match (name, value) {
            ("new", None) => is_new = true,
            ("image", Some("plain")) => machine.image = Image::Plain,
            ("image", Some("tools")) => machine.image = Image::Tools,
            ("cpus", Some(count)) => {
                machine.cpus = count
                    .parse()
                    .ok()
                    .filter(|count| (1..=64).contains(count))
                    .ok_or_else(|| format!("cpus={count}: 1 to 64 CPUs"))?;
            }
            ("files", Some(names)) => {
                machine.files = names.split_whitespace().map(str::to_owned).collect();
            }
            ("shows", Some(command)) => run.content = Content::OutputOf(command.to_owned()),
            ("commands", None) => run.content = Content::Commands,
            ("stdout", None) => run.is_stdout = true,
            ("excerpt", None) => run.is_excerpt = true,
            ("vary", Some("all")) => run.vary = Vary::All,
            ("vary", Some(commands)) => {
                let commands = commands.split(',').map(|text| text.trim().to_owned());
                run.vary = Vary::Outputs(commands.collect());
            }
            _ => {
                return Err(format!(
                    "'{word}': one of new, image=plain, image=tools, cpus=N, files=\"…\", shows=\"…\", commands, \
                     stdout, excerpt, vary=all, vary=\"…\""
                ));
            }
        }
        has_machine |= ["image", "cpus", "files"].contains(&name);
    }
    if has_machine && !is_new {
        return Err("image, cpus and files are of a new machine: new is missing".to_owned());
    }
    run.machine = is_new.then_some(machine);
    Ok(run)
}

/// The words of a line; a value in quotes, single or double, may have blanks.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ' ' | '\t') => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(character),
        }
    }
    if let Some(quote) = quote {
        return Err(format!("a {quote} is missing"));
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_of(lines: &[&str]) -> Run {
        match parse(lines).unwrap() {
            Marker::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_marker_without_words_goes_on_with_the_session() {
        assert_eq!(run_of(&["<!-- transcript: -->"]), Run::default());
    }

    #[test]
    fn a_new_machine_is_as_the_words_say() {
        let run = run_of(&["<!-- transcript: new image=tools cpus=1 files=\"a b/c\" -->"]);
        let machine = Machine {
            image: Image::Tools,
            cpus: 1,
            files: vec!["a".to_owned(), "b/c".to_owned()],
        };
        assert_eq!(run.machine, Some(machine));
        let run = run_of(&["<!-- transcript: new -->"]);
        assert_eq!(run.machine, Some(Machine::default()));
    }

    #[test]
    fn a_page_may_show_a_part_of_the_output() {
        let run = run_of(&["<!-- transcript: new stdout excerpt -->"]);
        assert!(run.is_stdout && run.is_excerpt);
    }

    #[test]
    fn further_lines_set_up() {
        let run = run_of(&[
            "<!-- transcript: new vary=all",
            "insmod simrupt.ko",
            "for i in 1 2; do",
            "    true",
            "done",
            "-->",
        ]);
        assert_eq!(run.vary, Vary::All);
        assert_eq!(
            run.set_up,
            ["insmod simrupt.ko", "for i in 1 2; do", "    true", "done"]
        );
    }

    #[test]
    fn quotes_keep_blanks_and_the_other_quotes() {
        let run = run_of(&["<!-- transcript: shows='cat \"a b\"' vary=\"x y, z\" -->"]);
        assert_eq!(run.content, Content::OutputOf("cat \"a b\"".to_owned()));
        let outputs = vec!["x y".to_owned(), "z".to_owned()];
        assert_eq!(run.vary, Vary::Outputs(outputs));
    }

    #[test]
    fn what_is_not_run_has_a_reason() {
        assert_eq!(
            parse(&[
                "<!-- transcript: not run: needs a firmware,",
                "and a key -->"
            ]),
            Ok(Marker::NotRun("needs a firmware, and a key".to_owned()))
        );
        assert_eq!(
            parse(&["<!-- transcript: made by make test-install -->"]),
            Ok(Marker::MadeBy("make test-install".to_owned()))
        );
        assert!(parse(&["<!-- transcript: not run: -->"]).is_err());
        assert!(parse(&["<!-- transcript: made by -->"]).is_err());
    }

    #[test]
    fn nonsense_is_refused_by_its_name() {
        for (words, told) in [
            ("newer", "'newer'"),
            ("new cpus=0", "cpus=0"),
            ("new cpus=many", "cpus=many"),
            ("new image=disk", "'image=disk'"),
            ("cpus=1", "new is missing"),
            ("shows=\"ls", "a \" is missing"),
        ] {
            let error = parse(&[&format!("<!-- transcript: {words} -->")]).unwrap_err();
            assert!(error.contains(told), "{words}: {error}");
        }
        assert!(parse(&["<!-- transcript: new"]).is_err());
    }
}
