// SPDX-License-Identifier: GPL-2.0-only

//! Which transcripts run in which machine, and in which order. Pure.

use crate::marker::{Image, Machine};
use crate::outcome::run_of;
use crate::page::{Fault, Page};

/// Transcripts of a page that go on where the one before ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    /// Index of the page.
    pub(crate) page: usize,
    /// Indices of its transcripts.
    pub(crate) transcripts: Vec<usize>,
    pub(crate) machine: Machine,
}

/// A machine, and the sessions that it runs one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Boot {
    pub(crate) image: Image,
    pub(crate) cpus: u32,
    pub(crate) sessions: Vec<Session>,
}

/// The sessions of a page: each begins with a transcript whose marker has `new`.
pub(crate) fn sessions(index: usize, page: &Page) -> Result<Vec<Session>, Fault> {
    let mut sessions: Vec<Session> = Vec::new();
    for (number, transcript) in page.transcripts.iter().enumerate() {
        let Some(run) = run_of(transcript) else {
            continue;
        };
        match (&run.machine, sessions.last_mut()) {
            (Some(machine), _) => sessions.push(Session {
                page: index,
                transcripts: vec![number],
                machine: machine.clone(),
            }),
            (None, Some(session)) => session.transcripts.push(number),
            (None, None) => {
                return Err(Fault {
                    line: transcript.fence + 1,
                    what: "the first transcript of a page that runs must be new".to_owned(),
                });
            }
        }
    }
    Ok(sessions)
}

/// The sessions of each page for the same kind of machine. No group is empty.
fn by_page(sessions: Vec<Session>) -> Vec<Vec<Session>> {
    let key = |of: &Session| (of.page, of.machine.image, of.machine.cpus);
    let mut groups: Vec<Vec<Session>> = Vec::new();
    for session in sessions {
        match groups
            .iter_mut()
            .find(|group| key(&group[0]) == key(&session))
        {
            Some(group) => group.push(session),
            None => groups.push(vec![session]),
        }
    }
    groups
}

/// The most sessions in a machine that pages share. Booting takes as long as a session or two, but several machines run
/// at the same time.
const MOST_SHARED: usize = 12;

/// The machines for these sessions. One with a single CPU repeats to the digit, so each page has its own, in which
/// nothing of another page shows. Pages share the others: all of them the one with the tools, which takes long to boot,
/// since it unpacks a gigabyte.
pub(crate) fn boots(sessions: Vec<Session>) -> Vec<Boot> {
    let mut boots: Vec<Boot> = Vec::new();
    for of_page in by_page(sessions) {
        let Machine { image, cpus, .. } = of_page[0].machine;
        let shared = boots.iter_mut().find(|boot| {
            let has_room = cpus > 1 && boot.sessions.len() + of_page.len() <= MOST_SHARED;
            (boot.image, boot.cpus) == (image, cpus) && (image == Image::Tools || has_room)
        });
        match shared {
            Some(boot) => boot.sessions.extend(of_page),
            None => boots.push(Boot {
                image,
                cpus,
                sessions: of_page,
            }),
        }
    }
    // The longest first.
    boots.sort_by_key(|boot| std::cmp::Reverse((boot.image, boot.sessions.len())));
    boots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(markers: &[&str]) -> Page {
        let blocks = markers
            .iter()
            .map(|marker| format!("<!-- transcript: {marker} -->\n```\n$ ls\n```\n"));
        Page::parse("a.md", &blocks.collect::<String>()).0
    }

    #[test]
    fn a_session_goes_on_until_the_next_new_one() {
        let page = page(&["new", "", "not run: x", "vary=all", "new cpus=1", ""]);
        let sessions = sessions(4, &page).unwrap();
        let of: Vec<_> = sessions
            .iter()
            .map(|session| session.transcripts.clone())
            .collect();
        assert_eq!(of, [vec![0, 1, 3], vec![4, 5]]);
        assert_eq!((sessions[1].page, sessions[1].machine.cpus), (4, 1));
    }

    #[test]
    fn a_page_that_begins_in_the_middle_is_refused() {
        let fault = sessions(0, &page(&["made by x", ""])).unwrap_err();
        assert_eq!(fault.line, 6);
    }

    /// The machines for pages with these markers: image, CPUs, and the page of each session.
    fn planned(pages: &[&[&str]]) -> Vec<(Image, u32, Vec<usize>)> {
        let all = pages.iter().enumerate();
        let all = all.flat_map(|(index, markers)| sessions(index, &page(markers)).unwrap());
        let of = |boot: Boot| {
            let pages = boot.sessions.iter().map(|session| session.page).collect();
            (boot.image, boot.cpus, pages)
        };
        boots(all.collect()).into_iter().map(of).collect()
    }

    #[test]
    fn pages_share_machines_but_those_with_one_cpu_and_the_longest_goes_first() {
        let markers = ["new", "new image=tools", "new", "new cpus=1"];
        let expected = [
            (Image::Tools, 2, vec![0, 1]),
            (Image::Plain, 2, vec![0, 0, 1]),
            (Image::Plain, 1, vec![0]),
            (Image::Plain, 1, vec![1]),
        ];
        assert_eq!(
            planned(&[&markers, &[markers[0], markers[1], markers[3]]]),
            expected
        );
    }

    #[test]
    fn a_page_that_has_no_room_with_others_has_a_machine_of_its_own() {
        let most = ["new"; MOST_SHARED];
        let expected = [
            (Image::Plain, 2, vec![1; MOST_SHARED]),
            (Image::Plain, 2, vec![0, 0, 2]),
        ];
        assert_eq!(planned(&[&most[..2], &most, &["new"]]), expected);
    }
}
