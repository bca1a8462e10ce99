// SPDX-License-Identifier: GPL-2.0-only

//! The files that pictures of a trace are written to. They are opened before the trace is taken, and written when it is
//! complete.

use simrupt::failure::Failure;

use super::{Picture, Scene};
use crate::destination::{Destination, Sink};
use crate::output;

/// The files, and what was collected for them.
#[derive(Debug)]
pub(crate) struct Pictures {
    html: Option<Sink>,
    svg: Option<Sink>,
    /// The number of the event that is highlighted.
    event: Option<u64>,
    /// What they will show.
    pub(crate) scene: Scene,
}

impl Pictures {
    /// Opens those that were asked for, if any were.
    pub(crate) fn open(
        html: Option<Destination>,
        svg: Option<Destination>,
        event: Option<u64>,
    ) -> Result<Option<Self>, Failure> {
        if html.is_none() && svg.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            html: html.map(Destination::open).transpose()?,
            svg: svg.map(Destination::open).transpose()?,
            event,
            scene: Scene::default(),
        }))
    }

    /// Draws and writes all of them; one that cannot be written does not stop the other. `lost` is how many hits the trace
    /// has lost.
    pub(crate) fn finish(self, lost: u64) -> Result<(), Failure> {
        let picture = self.scene.finish(self.event, lost)?;
        if picture.left_out > 0 {
            let left_out = picture.left_out;
            let what = format!("the last {left_out} hits of tracepoints are not in the picture");
            output::warning(
                &Failure::new(what, "there are more than can be looked at")
                    .remedy("-n COUNT: fewer events; --perfetto FILE: all of them"),
            );
        }
        let write = |file: Option<Sink>, draw: fn(&Picture) -> String| {
            file.map(|file| file.write_text(&draw(&picture)))
        };
        let written = [
            write(self.html, Picture::html),
            write(self.svg, Picture::svg),
        ];
        let failures = written.into_iter().flatten().filter_map(Result::err);
        Failure::all(failures).map_or(Ok(()), Err)
    }
}
