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

/// The machines for these sessions: one for each page, so that nothing of another page shows in its digits. One with the
/// tools takes long to boot, since it unpacks a gigabyte, so pages share it.
pub(crate) fn boots(sessions: Vec<Session>) -> Vec<Boot> {
    let mut boots: Vec<Boot> = Vec::new();
    for session in sessions {
        let Machine { image, cpus, .. } = session.machine;
        let shared = boots.iter_mut().find(|boot| {
            let is_of_page = boot.sessions.iter().any(|other| other.page == session.page);
            (boot.image, boot.cpus) == (image, cpus) && (image == Image::Tools || is_of_page)
        });
        match shared {
            Some(boot) => boot.sessions.push(session),
            None => boots.push(Boot {
                image,
                cpus,
                sessions: vec![session],
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

    #[test]
    fn a_page_has_a_machine_and_those_with_the_tools_are_shared_and_go_first() {
        let markers = ["new", "new image=tools", "new", "new cpus=1"];
        let pages = [page(&markers), page(&markers[..2])];
        let all = pages
            .iter()
            .enumerate()
            .map(|(index, page)| sessions(index, page).unwrap());
        let boots = boots(all.flatten().collect());
        let of = |boot: &Boot| {
            let pages = boot.sessions.iter().map(|session| session.page);
            (boot.image, boot.cpus, pages.collect::<Vec<_>>())
        };
        let expected = [
            (Image::Tools, 2, vec![0, 1]),
            (Image::Plain, 2, vec![0, 0]),
            (Image::Plain, 1, vec![0]),
            (Image::Plain, 2, vec![1]),
        ];
        assert_eq!(boots.iter().map(of).collect::<Vec<_>>(), expected);
    }
}
