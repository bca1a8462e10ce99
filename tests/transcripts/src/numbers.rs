// SPDX-License-Identifier: GPL-2.0-only

//! Which digits of a transcript may differ from run to run, and how lines are compared then. Pure.
//!
//! Where digits may vary, any number stands for any other, with its sign and a percent sign, and so does a single
//! character in quotes. Marks of figures, `!` and `+`, come and go with them. Blanks, the bars of charts and the rules of
//! tables are as wide as they need to be, and names are cut where that leaves no room. Digits within names (`simrupt0`,
//! `p99`) do not vary.

/// The outputs whose digits may vary.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Vary {
    #[default]
    None,
    All,
    /// Those of the commands that contain one of these texts.
    Outputs(Vec<String>),
}

impl Vary {
    /// How the output of a command is compared.
    pub(crate) fn of(&self, command: &str) -> Digits {
        let may_vary = match self {
            Self::None => false,
            Self::All => true,
            Self::Outputs(parts) => parts.iter().any(|part| command.contains(part)),
        };
        match may_vary {
            true => Digits::Vary,
            false => Digits::Exact,
        }
    }
}

/// How lines are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Digits {
    Exact,
    Vary,
}

/// Either stands for any text that is left out, within a line or, alone in it, for any lines.
const LEFT_OUT: [&str; 2] = ["…", "..."];

/// Whether a line of a page stands for any number of lines.
pub(crate) fn is_left_out(line: &str) -> bool {
    LEFT_OUT.contains(&line.trim())
}

/// Whether a line of a page leaves something out.
pub(crate) fn has_gap(line: &str) -> bool {
    LEFT_OUT.iter().any(|mark| line.contains(mark))
}

impl Digits {
    /// Whether the line of a page stands for the line that was printed.
    pub(crate) fn same(self, shown: &str, printed: &str) -> bool {
        let (shown, printed) = (self.plain(shown), self.plain(printed));
        // A name is cut where its column ends, and columns are as wide as their numbers.
        have_common_text(&shown, &printed, self == Self::Vary)
    }

    /// How alike two lines are: 0 if they have nothing in common, up to 1.
    pub(crate) fn likeness(self, shown: &str, printed: &str) -> f64 {
        let (shown, printed) = (Self::Vary.plain(shown), Self::Vary.plain(printed));
        let shown: Vec<&str> = shown.split_whitespace().collect();
        let mut printed: Vec<&str> = printed.split_whitespace().collect();
        let words = shown.len() + printed.len();
        if words == 0 {
            return 1.0;
        }
        let mut common = 0;
        for word in shown {
            if let Some(at) = printed.iter().position(|other| *other == word) {
                printed.swap_remove(at);
                common += 1;
            }
        }
        2.0 * f64::from(common) / words as f64
    }

    /// A line without what does not count.
    fn plain(self, line: &str) -> String {
        match self {
            Self::Exact => line.trim_end().to_owned(),
            Self::Vary => masked(line),
        }
    }
}

/// The first of [`LEFT_OUT`], as a character.
const GAP: char = '…';

/// Whether there is a text for which both stand. Marks of what is left out count in `shown`, and in `printed` if it
/// may be cut.
fn have_common_text(shown: &str, printed: &str, is_cut: bool) -> bool {
    let shown: Vec<char> = shown.replace(LEFT_OUT[1], LEFT_OUT[0]).chars().collect();
    // For each place in `shown`: whether what is before it and what was read of `printed` have one.
    let mut fits = vec![false; shown.len() + 1];
    fits[0] = true;
    pass_gaps(&shown, &mut fits);
    for character in printed.chars() {
        let before = fits.clone();
        for (place, fits) in fits.iter_mut().enumerate() {
            *fits = match (place.checked_sub(1).map(|last| shown[last]), character) {
                (_, GAP) if is_cut => before[..=place].contains(&true),
                (Some(GAP), _) => before[place],
                (Some(last), _) => before[place - 1] && last == character,
                (None, _) => false,
            };
        }
        pass_gaps(&shown, &mut fits);
    }
    fits[shown.len()]
}

/// A gap may be of nothing.
fn pass_gaps(shown: &[char], fits: &mut [bool]) {
    for place in 0..shown.len() {
        fits[place + 1] |= fits[place] && shown[place] == GAP;
    }
}

/// What stands for any number.
const NUMBER: char = '#';

/// A line with one sign for each number, and one blank for each run of blanks, bars and rules.
fn masked(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let before = text.chars().next_back();
        let length = if is_blank(character) || before == Some(' ') && is_mark(rest) {
            if before != Some(' ') {
                text.push(' ');
            }
            character.len_utf8()
        } else if let Some(length) = quoted_character(rest) {
            text.push_str("'#'");
            length
        } else if let Some(length) = number(rest, before) {
            text.push(NUMBER);
            length
        } else if let Some(length) = bar(rest) {
            text.push_str("| ");
            length
        } else {
            text.push(character);
            character.len_utf8()
        };
        rest = &rest[length..];
    }
    text.trim().to_owned()
}

/// How long the character in quotes is with which the text begins: the number of an event decides it.
fn quoted_character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let inner = inner.strip_prefix('\\').unwrap_or(inner);
    let rest = inner.strip_prefix(inner.chars().next()?)?;
    rest.starts_with('\'')
        .then_some(text.len() - rest.len() + 1)
}

/// Blanks, the cells of bars and charts, and rules.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '▁'..='▏' | '·' | '─')
}

/// How long the bar of a histogram is with which the text begins: a rule, with signs to its right.
fn bar(text: &str) -> Option<usize> {
    let bar = text.strip_prefix('|')?;
    let rest = bar.trim_start_matches(['@', ' ']);
    (rest.len() < bar.len()).then_some(text.len() - rest.len())
}

/// Whether the text begins with a mark that a figure gets for its value.
fn is_mark(text: &str) -> bool {
    text.strip_prefix(['!', '+'])
        .is_some_and(|rest| rest.starts_with(' '))
}

/// How long the number is with which the text begins, if it does; `before` stands before it.
fn number(text: &str, before: Option<char>) -> Option<usize> {
    // Digits of a name are no number.
    if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
        return None;
    }
    let is_free = before.is_none_or(|before| matches!(before, ' ' | '(' | '[' | '|' | '='));
    let sign = match text.chars().next() {
        Some(sign @ ('+' | '-' | '±' | '×' | '<' | '~')) if is_free => sign.len_utf8(),
        _ => 0,
    };
    let digits = &text[sign..];
    if let Some(hexadecimal) = digits.strip_prefix("0x") {
        let length = length_of(hexadecimal, |c| c.is_ascii_hexdigit());
        return (length > 0).then_some(sign + 2 + length);
    }
    if let Some(length) = time(digits) {
        return Some(sign + length);
    }
    let mut length = length_of(digits, |c| c.is_ascii_digit());
    if length == 0 {
        return None;
    }
    // Thousands, as histograms have them.
    let unit = digits[length..].strip_prefix(['K', 'M', 'G']);
    if unit.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)) {
        length += 1;
    }
    // Groups of thousands and fractions.
    while let Some(more) = digits[length..].strip_prefix(['.', ',']) {
        match length_of(more, |c| c.is_ascii_digit()) {
            0 => break,
            digits => length += 1 + digits,
        }
    }
    if let Some(rest) = digits[length..]
        .strip_prefix(" %")
        .or(digits[length..].strip_prefix('%'))
    {
        length = digits.len() - rest.len();
    }
    Some(sign + length)
}

fn length_of(text: &str, is_in: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_start_matches(is_in).len()
}

/// How long the date with a time is with which the text begins: 2026-01-31T08:00:00Z, with or without a fraction.
fn time(text: &str) -> Option<usize> {
    const FORM: &str = "0000-00-00T00:00:00";
    let is_time = text.len() > FORM.len()
        && FORM
            .bytes()
            .zip(text.bytes())
            .all(|(form, byte)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == form,
            });
    let rest = is_time.then(|| text[FORM.len()..].find('Z'))??;
    let fraction = &text[FORM.len()..FORM.len() + rest];
    let is_fraction = fraction.is_empty()
        || fraction
            .strip_prefix('.')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    is_fraction.then_some(FORM.len() + rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_same(shown: &str, printed: &str) {
        assert!(
            Digits::Vary.same(shown, printed),
            "{} {}",
            masked(shown),
            masked(printed)
        );
    }

    #[track_caller]
    fn assert_different(shown: &str, printed: &str) {
        assert!(!Digits::Vary.same(shown, printed), "{}", masked(shown));
    }

    #[test]
    fn any_number_stands_for_any_other() {
        assert_same("count 3 sum_ns 6117", "count 12 sum_ns 1");
        assert_same("  due_irq    2077   1.023", "  due_irq  9   223.231");
        assert_same("Line at 0xffff888103bf9c08, x=5", "Line at 0xffff, x=11");
        assert_same("sh-214 kworker/1:1-35", "sh-9 kworker/0:12-3");
        assert_same(
            "per second; 2024-01-01T00:00:05Z",
            "per second; 2026-11-29T10:20:30.125Z",
        );
        assert_same("bound  1229   ×218.2  -2.38 %", "bound  12  +3 %  ×2");
        assert_same("1/0  '}'", "0/1  'é'");
        assert_same("1/0  '\\''", "0/1  '\\\\'");
        assert_same("p <0.001: worse", "p 0.02: worse");
        assert_same("46,647 (46,529..48,594)", "6 (5..8)");
    }

    #[test]
    fn words_and_the_digits_of_names_do_not_vary() {
        assert_different("line0: 4 of 4 sums hold", "line1: 4 of 4 sums hold");
        assert_different("p99 5", "p90 5");
        assert_different("irq_bh 3", "bh_run 3");
        assert_different("0 missing", "0 lost");
        assert_different("a 1", "a -");
        assert_different("a 1 2", "a 1");
    }

    #[test]
    fn blanks_bars_and_rules_are_as_wide_as_they_need_to_be() {
        assert_same("bh  ███▏     best", "bh ▌ best");
        assert_same("── irq→work µs ───", "───── irq→work µs ─");
        assert_same("CPU0       CPU1       ", "CPU0 CPU1");
        assert_same("[8K, 16K)  7 |@@@@@@  |", "[512, 1K)  500 |@ |");
        assert_same(" 4096 |@@@      5", " 524288 |     0");
    }

    #[test]
    fn marks_of_figures_come_and_go() {
        assert_same("  unbound !  5.759 ±0", "  unbound  7.2 ±1");
        assert_same(" 0) + 74.189 us  |  }", " 0)  4.1 us  |  }");
        assert_different("is it 5 now!", "is it 5 now");
        assert_different("! 5", "5");
    }

    #[test]
    fn digits_that_may_not_vary_are_compared() {
        assert!(Digits::Exact.same("a  1 ", "a  1"));
        assert!(!Digits::Exact.same("a 1", "a 2"));
        assert!(!Digits::Exact.same("a  1", "a 1"));
    }

    #[test]
    fn what_is_left_out_of_a_line_may_be_anything() {
        assert!(Digits::Exact.same("a … b", "a 1 2 b"));
        assert!(Digits::Exact.same("…State4emit]: 350", "@hardirq[_RNv5State4emit]: 350"));
        assert!(Digits::Exact.same("a...", "abc"));
        assert!(Digits::Exact.same("<Work<Runner<Sim…", "<Work<Runner<Sim…"));
        assert!(!Digits::Exact.same("a … b", "a 1 2 c"));
        assert!(!Digits::Exact.same("ab…ba", "aba"));
        assert_same("work <Work<… 99.8", "work <Work<Runner<Simr… 5");
    }

    #[test]
    fn a_name_may_be_cut_sooner_or_later() {
        assert_same("<Work<Runner<Simrupt>>>…  bh 5", "<Work<Runner<Si…   bh 7");
        assert_same("State>::run  bh", "Sta…  bh");
        assert_different("<Work<Runner<Simrupt>>>…  bh", "<Work<Other…  bh");
        assert_different("<Work<Runner<Si…  bh", "<Work<Runner<Simrupt>>>…  bound");
        assert!(!Digits::Exact.same("<Work<Runner…", "<Work<…"));
    }

    #[test]
    fn a_line_of_dots_stands_for_lines() {
        assert!(is_left_out("  …") && is_left_out("..."));
        assert!(!is_left_out("… 4 events missing"));
    }

    #[test]
    fn outputs_vary_by_their_commands() {
        let vary = Vary::Outputs(vec!["latency".to_owned(), "/proc/".to_owned()]);
        assert_eq!(vary.of("simructl latency --line 1"), Digits::Vary);
        assert_eq!(vary.of("grep simrupt /proc/interrupts"), Digits::Vary);
        assert_eq!(vary.of("simructl verify"), Digits::Exact);
        assert_eq!(Vary::All.of(""), Digits::Vary);
        assert_eq!(Vary::None.of(""), Digits::Exact);
    }

    #[test]
    fn lines_with_common_words_are_alike() {
        let likeness = |a, b| Digits::Exact.likeness(a, b);
        assert_eq!(likeness("a b 1", "a b 2"), 1.0);
        assert_eq!(likeness("a b", "c d"), 0.0);
        assert!(likeness("a b c", "a b d") > 0.5);
    }
}
