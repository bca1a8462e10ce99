// SPDX-License-Identifier: GPL-2.0-only

//! Random sequences of everything that can be done to the module, compared with a model of it.
//!
//! `MODEL_SEED` in the environment selects the sequences, `MODEL_STEPS` the total number of steps. A sequence in which
//! the two differ is made as short as possible, and printed as a shell script.

mod faults;
mod machine;
mod script;
mod state;
mod steps;
mod threads;
mod twins;

use machine::Found;
pub(crate) use machine::cpus;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use simrupt_core::knobs::Knob;
use simrupt_vm_tests::is_brief;
pub(crate) use state::{errno, spec};
use std::{env, io::Write, panic};
use steps::{Pace, Sequence, Step};
use twins::Twins;

/// The number of steps that are wanted.
fn wanted_steps() -> u64 {
    number("MODEL_STEPS", if is_brief() { 400 } else { 1000 })
}

/// How many simpler sequences are tried to find the simplest one that fails.
const MOST_TRIALS: usize = 1000;

/// A number in the environment.
pub(crate) fn number(variable: &str, default: u64) -> u64 {
    match env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable}: '{text}' is not a number")),
        Err(_) => default,
    }
}

/// Prints a test's text at once, besides its outcome.
pub(crate) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").expect("there is somewhere to write to");
}

/// A source of random values, which are the same for the same seed.
pub(crate) fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config::default(), random)
}

/// The outcome of a sequence.
struct Outcome {
    /// The number of its steps that were done.
    steps: u64,
    /// The number of events in each step that lets some come.
    came: Vec<u64>,
    result: Found<()>,
}

/// Applies a sequence to the module and the model, and compares them after each step.
fn run(sequence: &Sequence, cpus: i64) -> Outcome {
    let (mut steps, mut came) = (0, Vec::new());
    // A panic of the tests' own tools is a finding like any other.
    let result = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        let mut twins = Twins::load(sequence, cpus);
        let mut all = sequence.steps.iter();
        let result = all.try_for_each(|step| {
            steps += 1;
            twins.step(step)
        });
        let result = result.and_then(|()| twins.drain());
        came.clone_from(&twins.came);
        result
    }));
    let panicked = || Err("a panic in the test: see above".to_owned());
    Outcome {
        steps,
        came,
        result: result.unwrap_or_else(|_| panicked()),
    }
}

/// Makes a failing sequence simpler as long as it fails.
fn shrink(mut tree: impl ValueTree<Value = Sequence>, cpus: i64) -> Sequence {
    let fails = |sequence: &Sequence| run(sequence, cpus).result.is_err();
    let mut simplest = tree.current();
    let mut goes_on = tree.simplify();
    for trial in 1..=MOST_TRIALS {
        if !goes_on {
            break;
        }
        if trial % 50 == 0 {
            say(&format!("model: tried {trial} simpler sequences"));
        }
        let simpler = tree.current();
        goes_on = if fails(&simpler) {
            simplest = simpler;
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    // Simpler steps may have made others unnecessary.
    loop {
        let before = simplest.steps.len() + simplest.given.len();
        for index in (0..simplest.steps.len()).rev() {
            let mut shorter = simplest.clone();
            shorter.steps.remove(index);
            if fails(&shorter) {
                simplest = shorter;
            }
        }
        for index in (0..simplest.given.len()).rev() {
            let mut plainer = simplest.clone();
            plainer.given.remove(index);
            if fails(&plainer) {
                simplest = plainer;
            }
        }
        if simplest.steps.len() + simplest.given.len() == before {
            return simplest;
        }
    }
}

/// Runs half of the steps: those with this many lines.
fn agrees_whatever_is_done_to(lines: usize) {
    let first_seed = number("MODEL_SEED", 1);
    let wanted = wanted_steps().div_ceil(2);
    let cpus = machine::cpus();
    let (mut steps, mut events, mut seed) = (0, 0, first_seed);
    while steps < wanted {
        let tree = steps::sequences(cpus, lines)
            .new_tree(&mut runner(seed))
            .expect("a sequence");
        let outcome = run(&tree.current(), cpus);
        if let Err(why) = outcome.result {
            say(&format!(
                "MODEL_SEED={seed}: {why}; looking for the simplest such sequence"
            ));
            let simplest = shrink(tree, cpus);
            let outcome = run(&simplest, cpus);
            let why = outcome.result.err().unwrap_or(why);
            let about = format!("Module and model disagree: {why}\nFrom MODEL_SEED={seed}.");
            say(&script::script(&simplest, cpus, &outcome.came, &about));
            panic!("{why}: run it again by MODEL_SEED={seed} MODEL_STEPS=1");
        }
        steps += outcome.steps;
        events += outcome.came.iter().sum::<u64>();
        if seed % 50 == 0 && steps < wanted {
            say(&format!("model: {steps} of {wanted} steps"));
        }
        seed += 1;
    }
    let sequences = seed - first_seed;
    say(&format!(
        "model: {steps} steps in {sequences} sequences, {events} events"
    ));
}

// Next to each other, so that two machines get one each.

#[test]
fn whatever_is_done_to_a_single_line_it_agrees_with_the_model() {
    agrees_whatever_is_done_to(1);
}

#[test]
fn whatever_is_done_to_two_lines_they_agree_with_the_model() {
    agrees_whatever_is_done_to(steps::MOST_LINES);
}

/// A sequence in which nothing depends on time: neither the number of events, nor which of them a fault leaves behind.
fn exact(mut sequence: Sequence) -> Sequence {
    sequence.given.retain(|(knob, _)| *knob != Knob::Fault);
    sequence.steps.retain(|step| {
        !matches!(
            step,
            Step::Set(_, Knob::Fault, ..) | Step::SetAll(Knob::Fault, _)
        )
    });
    for step in &mut sequence.steps {
        if let Step::Emit(_, _, pace, _) = step {
            *pace = Pace::Burst;
        }
    }
    sequence
}

fn run_script(text: &str) -> (bool, String) {
    let output = std::process::Command::new("sh").args(["-c", text]).output();
    let output = output.expect("the shell runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn scripts_do_what_the_sequences_did() {
    let cpus = machine::cpus();
    for seed in 1000..1003 {
        let lines = 1 + seed as usize % steps::MOST_LINES;
        let tree = steps::sequences(cpus, lines)
            .new_tree(&mut runner(seed))
            .expect("a sequence");
        let mut sequence = exact(tree.current());
        // A shell is slow.
        sequence.steps.truncate(25);
        let outcome = run(&sequence, cpus);
        assert_eq!(outcome.result, Ok(()), "seed {seed}");
        let text = script::script(&sequence, cpus, &outcome.came, "A test of the script.");
        let (agrees, said) = run_script(&text);
        assert!(agrees && said.is_empty(), "seed {seed}: {said}\n{text}");
    }
}

#[test]
fn a_script_notices_when_the_module_is_not_as_the_model_says() {
    let sequence = Sequence {
        lines: 1,
        given: vec![(Knob::FifoSize, 16)],
        steps: vec![
            Step::Open(0),
            Step::Emit(0, 20, Pace::Burst, steps::Switch::Rate),
            Step::Read(0, 5),
        ],
    };
    let cpus = machine::cpus();
    assert_eq!(run(&sequence, cpus).result, Ok(()));
    let text = script::script(&sequence, cpus, &[20], "");
    assert_eq!(run_script(&text), (true, String::new()));
    for (right, wrong, complaint) in [
        (
            "reads 3 5 char 4-8",
            "reads 3 5 char 3-7",
            "read of 5 bytes",
        ),
        (
            "overwritten 4 ",
            "overwritten 5 ",
            "line0 overwritten: expected '5', is '4'",
        ),
        (
            "set_to $d/line0/burst '20'",
            "refuses $d/line0/burst '20'",
            "takes '20'",
        ),
    ] {
        assert!(text.contains(right), "{right} in {text}");
        let (agrees, said) = run_script(&text.replace(right, wrong));
        assert!(!agrees && said.contains(complaint), "{wrong}: {said}");
    }
}
