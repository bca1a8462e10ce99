// SPDX-License-Identifier: GPL-2.0-only

//! `simructl completions` and `simructl man`: neither needs the module.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::fake::Fake;

/// The output of a command.
fn printed(fake: &Fake, arguments: &str) -> String {
    let run = fake.command(arguments).output().unwrap();
    assert!(run.status.success(), "{arguments}");
    assert!(run.stderr.is_empty(), "{arguments}");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn every_shell_has_completions_of_every_command() {
    let fake = Fake::unloaded();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&fake, &format!("completions {shell}"));
        for word in ["set-fifo-size", "latency", "sysroot"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bash_understands_its_completions() {
    let script = printed(&Fake::unloaded(), "completions bash");
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = bash.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    assert!(bash.wait().unwrap().success());
}

/// The words that bash offers for the last of these words.
fn offered(script: &str, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let at = words.len() - 1;
    let ask = format!(
        "{script}\nCOMP_WORDS=({})\nCOMP_CWORD={at}\n\
         _simructl_or_knobs simructl '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        quoted.join(" "),
        words[at],
        words[at - 1],
    );
    let run = Command::new("bash").arg("-c").arg(ask).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let words = text.lines().filter(|word| !word.is_empty());
    words.map(String::from).collect()
}

#[test]
fn bash_completes_knobs_and_their_values() {
    let script = printed(&Fake::unloaded(), "completions bash");
    let offered = |words: &[&str]| offered(&script, words);
    assert_eq!(
        offered(&["simructl", "set", "wor"]),
        ["workqueue=", "work_us=", "work_sleep_us=", "work_bytes="]
    );
    assert_eq!(offered(&["simructl", "set", "lin"]), [""; 0]);
    assert_eq!(offered(&["simructl", "load", "lin"]), ["lines="]);
    let more = ["simructl", "--line", "0", "set", "rate_hz", "=", "5", "ru"];
    assert_eq!(offered(&more), ["run="]);
    assert_eq!(
        offered(&["simructl", "set", "workqueue", "=", "un"]),
        ["unbound", "unbound-highpri"]
    );
    let all = offered(&["simructl", "set", "run", "="]);
    assert_eq!(all, ["open", "always"]);
    assert_eq!(offered(&["simructl", "set-wq", "bh"]), ["bh", "bh-highpri"]);
    assert!(offered(&["simructl", "get", "fifo"]).contains(&"fifo_size".to_string()));
    assert_eq!(offered(&["simructl", "set", "--sys"]), ["--sysroot"]);
    assert_eq!(offered(&["simructl", "unload", "--"]), ["--json", "--help"]);
}

#[test]
fn bash_completes_commands_and_topics_behind_help() {
    let script = printed(&Fake::unloaded(), "completions bash");
    for command in ["help", "man"] {
        let offered = |word: &str| offered(&script, &["simructl", command, word]);
        assert_eq!(offered("glo"), ["glossary"]);
        assert_eq!(offered("set-"), ["set-rate", "set-wq", "set-fifo-size"]);
    }
}

#[test]
fn manual_pages_have_a_name_and_an_example() {
    let fake = Fake::unloaded();
    let page = printed(&fake, "man");
    assert!(page.contains("\n.TH simructl 1"), "{page}");
    assert!(page.contains("Exit codes:"));
    let page = printed(&fake, "man set");
    assert!(page.contains("\n.TH simructl-set 1"), "{page}");
    assert!(page.contains("rate_hz=5000"));
    assert!(page.contains("COMMON OPTIONS") && page.contains("unbound\\-highpri"));
}

#[test]
fn the_manual_page_of_a_topic_has_its_tables_and_its_code() {
    let page = printed(&Fake::unloaded(), "man counters");
    assert!(page.starts_with("'\\\" t\n"), "{page}");
    let begins = page.lines().filter(|line| *line == ".TS").count();
    let ends = page.lines().filter(|line| *line == ".TE").count();
    assert!(begins > 2 && begins == ends, "{begins} {ends}");
    assert!(
        page.contains("\n.EX\nevents  = overrun + in_ring + drained\n"),
        "{page}"
    );
    assert!(page.contains("\\fBthrottled\\fR"), "{page}");
}

#[test]
fn all_manual_pages_have_the_version_and_go_into_files() {
    let fake = Fake::unloaded();
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("man");
    printed(&fake, &format!("man --directory {}", pages.display()));
    let version = concat!("\"simructl ", env!("CARGO_PKG_VERSION"), "\"");
    for (name, section) in [
        ("simructl", 1),
        ("simructl-set", 1),
        ("simructl-help", 1),
        ("simructl-glossary", 7),
        ("simructl-exit-codes", 7),
    ] {
        let path = pages.join(format!("man{section}/{name}.{section}"));
        let page = std::fs::read_to_string(path).unwrap();
        let title = page.lines().find(|line| line.starts_with(".TH")).unwrap();
        assert!(title.contains(version), "{title}");
        let begin = format!(".TH {name} {section}");
        assert!(title.replace("\\-", "-").starts_with(&begin), "{title}");
    }
    fake.check("man-both", "man set --directory x");
    fake.check("man-unwritable", "man --directory /proc/no/man1");
}

#[test]
fn an_unknown_command_is_answered_with_the_known_ones() {
    let fake = Fake::unloaded();
    fake.check("man-near", "man stat");
    fake.check("man-far", "man purple");
    fake.check("completions-unknown", "completions tcsh");
}
