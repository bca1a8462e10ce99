// SPDX-License-Identifier: GPL-2.0-only

//! Which cells belong together: those that differ only in the flavor, its affinity scope, and the knobs that are
//! choices too. They share a table and charts, in which a cell is named by its series.

use super::metric::Metric;
use super::number::counted;
use crate::results::{Cell, Knee, Results, Setting};
use crate::setting::{Flavor, Mode, Named, Stress};

/// The flavor that does everything in the top half, as the reference for the others.
pub const FLOOR: Flavor = Flavor::None;

/// The CPU time of an event, whoever uses it.
pub const CPU: Metric<'static> = Metric("busy_ns_per_event");

/// The share of the events that no reader got.
pub const LOSS: Metric<'static> = Metric("loss_ratio");

/// Cells that differ only in flavor and affinity scope, in the order of the matrix.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// Their common values; its flavor and scope have no meaning.
    pub common: Setting,
    /// The cells of the group, in the order of the result.
    pub cells: Vec<&'a Cell>,
}

/// The part of a setting that is the same in its group.
fn common(setting: &Setting) -> Setting {
    let knobs = setting.load_knobs();
    Setting {
        flavor: FLOOR,
        affinity_scope: None,
        knobs: knobs
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        ..setting.clone()
    }
}

/// All groups, in the order of their first cells.
pub fn groups(results: &Results) -> Vec<Group<'_>> {
    gather(&results.cells, |cell| common(&cell.setting))
        .into_iter()
        .map(|(common, cells)| Group { common, cells })
        .collect()
}

/// Groups that differ only in their interference, those with more than one member.
pub fn under_stress<'a, 'b>(groups: &'b [Group<'a>]) -> Vec<Vec<&'b Group<'a>>> {
    let families = gather(groups, |group| Setting {
        stress: Stress::Idle,
        ..group.common.clone()
    });
    let families = families.into_iter().map(|(_, family)| family);
    families.filter(|family| family.len() > 1).collect()
}

/// Knees that differ only in flavor and scope.
pub fn knees(results: &Results) -> Vec<(Setting, Vec<&Knee>)> {
    gather(&results.knees, |knee| Setting {
        rate_hz: None,
        ..common(&knee.setting)
    })
}

/// Groups items with the same key, in order of first appearance.
fn gather<T, K: PartialEq>(all: &[T], key: impl Fn(&T) -> K) -> Vec<(K, Vec<&T>)> {
    let mut gathered: Vec<(K, Vec<&T>)> = Vec::new();
    for one in all {
        let key = key(one);
        match gathered.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(one),
            None => gathered.push((key, vec![one])),
        }
    }
    gathered
}

/// The name of a cell in its group: its flavor, with the affinity scope and the knobs if it has any.
pub fn series(setting: &Setting) -> String {
    let flavor = setting.flavor.name();
    let flavor = match setting.affinity_scope {
        Some(scope) => format!("{flavor}/{scope}"),
        None => flavor.to_string(),
    };
    let parts: Vec<String> = [flavor].into_iter().chain(setting.choices()).collect();
    parts.join(" ")
}

/// All series of cells and knees, in order of first appearance.
pub fn all_series(results: &Results) -> Vec<String> {
    let cells = results.cells.iter().map(|cell| &cell.setting);
    let knees = results.knees.iter().map(|knee| &knee.setting);
    let mut all = Vec::new();
    for name in cells.chain(knees).map(series) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// Whether a setting is a closed loop.
pub fn saturates(setting: &Setting) -> bool {
    setting.mode == Mode::Saturate
}

/// The figure that the cells of a setting are ranked by.
pub fn main_metric(setting: &Setting) -> Metric<'static> {
    match saturates(setting) {
        true => Metric("runs_hz"),
        false => Metric("irq_bh_p50_ns"),
    }
}

/// The common values of a group's cells, in words, without the interference.
pub fn conditions(common: &Setting) -> String {
    let load = match (saturates(common), common.rate_hz) {
        (true, _) => "saturated".to_string(),
        (false, Some(rate)) if common.mode == Mode::Replay => format!("replay at {rate} Hz"),
        (false, Some(rate)) => format!("{rate} Hz"),
        (false, None) => common.mode.to_string(),
    };
    let knobs = common.load_knobs();
    let knobs = knobs.map(|(name, value)| format!(", {name} {value}"));
    format!(
        "{load}, burst {}, fifo {}, work {} µs, {}{}",
        common.burst,
        common.fifo_size,
        common.work_us,
        counted(common.lines as usize, "line"),
        knobs.collect::<String>(),
    )
}

/// The interference, in words.
pub fn stress(common: &Setting) -> String {
    match common.stress {
        Stress::Idle => Stress::Idle.to_string(),
        Stress::Hog => "beside a line with runs of 10 ms".to_string(),
        stress => format!("under {stress} stress"),
    }
}

/// An identifier and a title.
pub type Name = (String, String);

/// The name of groups that differ only in their interference.
pub fn stress_name(common: &Setting) -> Name {
    let title = format!("idle and stressed: {}", conditions(common));
    (id(common, "stress"), title)
}

/// The name of knees that differ only in flavor and scope.
pub fn knee_name(common: &Setting) -> Name {
    let title = format!(
        "highest rate without loss: burst {}, fifo {}, work {} µs, {}, {}",
        common.burst,
        common.fifo_size,
        common.work_us,
        counted(common.lines as usize, "line"),
        stress(common),
    );
    (format!("knee-{}", id(common, common.stress.name())), title)
}

/// The common values of cells, for names of files and elements: letters, digits and dashes.
fn id(common: &Setting, stress: &str) -> String {
    let rate = common.rate_hz.map(|rate| format!("-{rate}"));
    let knobs = common.load_knobs();
    let knobs = knobs.map(|(name, value)| format!("-{name}-{value}"));
    let id = format!(
        "{}{}-b{}-f{}-w{}-l{}{}-{}",
        common.mode,
        rate.unwrap_or_default(),
        common.burst,
        common.fifo_size,
        common.work_us,
        common.lines,
        knobs.collect::<String>(),
        stress,
    );
    slug(&id)
}

impl Group<'_> {
    /// The name of the group, which distinguishes it from the others.
    pub fn name(&self) -> Name {
        (id(&self.common, self.common.stress.name()), self.title())
    }

    /// The common values of its cells, in words.
    fn title(&self) -> String {
        format!("{}, {}", conditions(&self.common), stress(&self.common))
    }

    /// The metric that its cells are ordered by.
    pub fn main_metric(&self) -> Metric<'static> {
        main_metric(&self.common)
    }

    /// The metric for the speed of its cells. It is the tail of the events' time to the reader or, if nothing reads, to
    /// the bottom half. In a closed loop it is the runs per second.
    pub fn speed_metric(&self) -> Metric<'static> {
        let way = Metric("due_read_p99_ns");
        let is_read = || self.cells.iter().any(|cell| figure_of(cell, way).is_some());
        match saturates(&self.common) {
            true => self.main_metric(),
            false if is_read() => way,
            false => Metric("irq_bh_p99_ns"),
        }
    }

    /// The metrics that its cells are ranked by, each once.
    pub fn ranked_metrics(&self) -> Vec<Metric<'static>> {
        let mut metrics = vec![self.main_metric(), self.speed_metric(), CPU, LOSS];
        metrics.dedup();
        metrics
    }
}

/// A text with only letters, digits and dashes left.
pub fn slug(text: &str) -> String {
    let keep = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' => letter,
        _ => '-',
    };
    text.chars().map(keep).collect()
}

/// The median of a metric over a cell's rounds.
pub fn figure_of(cell: &Cell, metric: Metric<'_>) -> Option<f64> {
    let estimate = cell.metrics.get(metric.0);
    estimate.map(|estimate| estimate.median)
}

/// The values of a metric in a cell, for each of these rounds of the run, which ascend; `None` if the cell was not
/// measured in a round.
pub fn by_round(cell: &Cell, metric: Metric<'_>, rounds: &[u32]) -> Vec<Option<f64>> {
    let mut values = vec![None; rounds.len()];
    for round in &cell.rounds {
        if let Ok(at) = rounds.binary_search(&round.round) {
            values[at] = round.metrics.get(metric.0).copied();
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn cells_that_differ_in_flavor_only_are_a_group() {
        let results = sample::results();
        let groups = groups(&results);
        let titles: Vec<_> = groups.iter().map(Group::title).collect();
        assert_eq!(
            titles,
            [
                "1000 Hz, burst 1, fifo 4096, work 0 µs, 1 line, idle",
                "1000 Hz, burst 1, fifo 4096, work 0 µs, 1 line, under cpu stress",
                "20000 Hz, burst 1, fifo 4096, work 0 µs, 1 line, idle",
                "20000 Hz, burst 1, fifo 4096, work 0 µs, 1 line, under cpu stress",
                "saturated, burst 1, fifo 4096, work 0 µs, 2 lines, idle",
            ]
        );
        assert_eq!(groups[0].cells.len(), sample::FLAVORS.len());
        let members: usize = groups.iter().map(|group| group.cells.len()).sum();
        assert_eq!(members, results.cells.len());
    }

    #[test]
    fn affinity_scopes_are_series_of_one_group() {
        let results = sample::results();
        let saturated = &groups(&results)[4];
        let series: Vec<_> = saturated
            .cells
            .iter()
            .map(|cell| series(&cell.setting))
            .collect();
        assert_eq!(
            series,
            ["bound", "unbound/cpu", "unbound/cache", "unbound/system"]
        );
    }

    #[test]
    fn knobs_that_are_choices_are_series_and_others_are_loads() {
        let mut results = sample::results();
        results.cells.truncate(4);
        for (cell, (name, value)) in results.cells[1..].iter_mut().zip([
            ("coalesce_us", "50"),
            ("coalesce_us", "100"),
            ("work_bytes", "4096"),
        ]) {
            cell.setting
                .knobs
                .insert(name.to_string(), value.to_string());
        }
        let groups = groups(&results);
        assert_eq!((groups.len(), groups[0].cells.len()), (2, 3));
        assert_eq!(
            series(&groups[0].cells[1].setting),
            "irq-thread coalesce_us=50"
        );
        assert_eq!(series(&groups[1].cells[0].setting), "bound");
        let (id, title) = groups[1].name();
        assert_eq!(id, "rate-1000-b1-f4096-w0-l1-work-bytes-4096-idle");
        assert_eq!(
            title,
            "1000 Hz, burst 1, fifo 4096, work 0 µs, 1 line, work_bytes 4096, idle"
        );
    }

    #[test]
    fn idle_and_stressed_groups_are_a_family() {
        let results = sample::results();
        let groups = groups(&results);
        let families = under_stress(&groups);
        assert_eq!(families.len(), 2);
        for family in families {
            let stress: Vec<_> = family.iter().map(|group| group.common.stress).collect();
            assert_eq!(stress, [Stress::Idle, Stress::Cpu]);
        }
    }

    #[test]
    fn identifiers_are_safe_and_differ() {
        let results = sample::results();
        let ids: std::collections::BTreeSet<_> = groups(&results)
            .iter()
            .map(|group| group.name().0)
            .collect();
        assert_eq!(ids.len(), 5);
        assert!(ids.contains("rate-20000-b1-f4096-w0-l1-cpu"), "{ids:?}");
        assert_eq!(slug("a/b<c>ä"), "a-b-c--");
    }
}
