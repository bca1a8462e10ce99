# SPDX-License-Identifier: GPL-2.0-only
"""Checks the page of a trace in a headless Chromium: check-timeline.py CHROMIUM PAGE.html TRACE.txt SCREENSHOTS.

Which lanes and marks there must be is worked out from the trace alone. Then the page is used as people do, by
keyboard and mouse, light and dark, wide and narrow.
"""

import os
import re
import sys
import tempfile

import accessible
from browser import CTRL, Browser

# Hits that are points, or that begin something, each of which is a mark.
BEGINS = {"emit", "irq", "bh_start", "wake", "read", "drop", "knob", "fault"}
CONTEXTS = ["hardirq", "softirq", "task"]
ROW = re.compile(r"(.{16,}?) +\[(\d+)\] (\S+) +[\d.]+: simrupt_(\w+): line=(\d+) ?(.*)")


def expected(path):
    """The lanes, the number of marks and the events of a trace."""
    lanes, marks, events = set(), 0, set()
    # Top halves and runs that have begun, by line and thread.
    tops, runs = set(), set()
    with open(path, encoding="utf-8") as file:
        rows = [found for found in map(ROW.match, file) if found]
    for task, cpu, flags, name, line, fields in (row.groups() for row in rows):
        context = {"h": 0, "H": 0, "z": 0, "Z": 0, "s": 1}.get(flags[2], 2)
        lane = (int(cpu), context)
        who = (line, task.strip())
        is_mark = name in BEGINS
        if name == "irq":
            tops.add((who, lane))
        elif name == "bh_start":
            runs.add(who)
        elif name == "bh_queue":
            is_mark = (who, lane) not in tops
            tops = {top for top in tops if top[0] != who}
        elif name == "bh_end":
            is_mark = who not in runs
            runs.discard(who)
        elif name == "emit":
            # One for when it was due, one for when it was raised.
            marks += 1
            events.add((line, re.search(r"seq=(\d+)", fields)[1]))
        marks += is_mark
        if is_mark:
            lanes.add(lane)
    names = ["device"] if events else []
    return names + [f"CPU {cpu} {CONTEXTS[context]}" for cpu, context in sorted(lanes)], marks, events


class Check:
    """A page under test, and what was found wrong with it."""

    def __init__(self, browser):
        self.browser = browser
        self.faults = []

    def that(self, is_so, fault):
        """Notes a fault, if it is one."""
        if not is_so:
            self.faults.append(fault)

    def span(self):
        """The span of time that is shown, in microseconds."""
        text = self.browser.value("document.getElementById('shown').textContent")
        found = re.fullmatch(r"shown: (-?[\d.]+) to (-?[\d.]+) µs", text)
        if not found:
            raise RuntimeError(f"the page does not say what it shows: '{text}'")
        return tuple(map(float, found.groups()))

    def key(self, key):
        """The spans before a key is pressed, and afterwards."""
        before = self.span()
        self.browser.press(key)
        return before, self.span()

    def content(self, lanes, marks, events):
        """All that the trace has is there."""
        value = self.browser.value
        labels = "[...document.querySelectorAll('#timeline > text:not(#unit)')].map((text) => text.textContent)"
        have = value(labels)
        self.that(have == lanes, f"the lanes are {have}, not {lanes}")
        have = value("document.querySelectorAll('.mark').length")
        self.that(have == marks, f"there are {have} marks, not {marks}")
        rows = "[...document.querySelectorAll('#ways tr')].map((row) => [row.dataset.line, row.dataset.seq])"
        have = {tuple(row) for row in value(rows)}
        self.that(have == events, f"the events are {sorted(have)}, not {sorted(events)}")
        self.that(value("document.querySelectorAll('#marks tbody tr').length") == marks, "the table lacks marks")

    def keyboard(self):
        """Everything can be done by keys."""
        value, press = self.browser.value, self.browser.press
        value("document.getElementById('frame').focus()")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        (from_, to), (new_from, new_to) = self.key("+")
        size = to - from_
        self.that(abs((new_to - new_from) * 2 / size - 1) < 0.01, f"+ does not zoom in: {new_from} to {new_to}")
        self.that(value(outline) != "none", "the focus of the timeline is not seen")
        (_, old), (_, new) = self.key("ArrowRight")
        self.that(new > old, "the right arrow does not move what is shown")
        (old, _), (new, _) = self.key("ArrowLeft")
        self.that(new < old, "the left arrow does not move what is shown")
        before, after = self.key("0")
        self.that(after[1] - after[0] > before[1] - before[0], "0 does not show everything")
        hidden = "document.querySelectorAll('.mark[display]').length"
        self.that(value(hidden) == 0, "0 leaves marks out")
        everything = after
        _, after = self.key("Home")
        self.that(after != everything, "Home does not show the event")
        title = "document.activeElement.querySelector?.('title')?.textContent"
        details = "document.getElementById('details').textContent"
        press("ArrowDown")
        first = value(title)
        self.that(first and value(details) == first, f"the mark with the focus is not explained: {first}")
        press("ArrowDown")
        second = value(title)
        self.that(second and second != first and value(details) == second, "the down arrow does not go to the next mark")
        stroke = "getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth"
        self.that(value(stroke) == "3px", "the focus of a mark is not seen")
        press("Escape")
        self.that(value("document.activeElement.id") == "frame", "Escape does not leave the mark")

    def events(self, count):
        """Another event can be highlighted: by a key, by a button of the table, by a click on its mark."""
        value = self.browser.value
        chosen = "[...document.querySelectorAll('#ways tr')].findIndex((row) => row.hasAttribute('aria-current'))"
        heading = "document.getElementById('way-name').textContent"
        names = value("[...document.querySelectorAll('#ways tr')].map((row) => row.dataset.name)")
        for at in [0, count - 1]:
            value(f"document.querySelectorAll('#ways button')[{at}].click()")
            self.that(value(chosen) == at and value(heading) == names[at], f"the button of {names[at]} does not highlight it")
            steps = value("document.querySelectorAll('#key li').length")
            cells = value(f"document.querySelectorAll('#ways tr')[{at}].querySelectorAll('[data-at]').length")
            self.that(steps == cells, f"{names[at]} has {cells} steps, and {steps} are listed")
        if count > 1:
            value("document.getElementById('frame').focus()")
            self.browser.press("p")
            self.that(value(chosen) == count - 2, "p does not highlight the event before")
            self.browser.press("n")
            self.that(value(chosen) == count - 1, "n does not highlight the next event")

    def pointer(self):
        """The mouse explains, zooms and moves."""
        value, mouse = self.browser.value, self.browser.mouse
        value("document.getElementById('frame').scrollIntoView({block: 'center'})")
        middle = "(({x, y, width, height}) => [x + width / 2, y + height / 2])(%s.getBoundingClientRect())"
        shown = "document.querySelector('.mark:not([display]) rect')"
        x, y = value(middle % shown)
        mouse("mouseMoved", x, y)
        title = value("document.querySelector('.mark:hover title')?.textContent")
        self.that(title is not None, "the pointer is on no mark")
        self.that(value("document.getElementById('details').textContent") == title, "the mark below the pointer is not explained")
        x, y = value(middle % "document.getElementById('frame')")
        before = self.span()
        mouse("mouseWheel", x, y, deltaX=0, deltaY=-200, modifiers=CTRL)
        after = self.span()
        self.that(after[1] - after[0] < before[1] - before[0], "Ctrl and wheel do not zoom")
        mouse("mousePressed", x, y, button="left", clickCount=1)
        mouse("mouseMoved", x - 40, y, button="left", buttons=1)
        mouse("mouseReleased", x - 40, y, button="left", clickCount=1)
        self.that(self.span()[0] > after[0], "dragging does not move what is shown")

    def for_all(self, scheme):
        """What those need who do not see the page, or not as others do."""
        value = self.browser.value
        self.faults += [f"{scheme}: {fault}" for fault in accessible.faults(value("document.documentElement.outerHTML"))]
        nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        for node in nodes:
            properties = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
            role = node.get("role", {}).get("value")
            is_named = node.get("name", {}).get("value", "").strip()
            if properties.get("focusable") and role != "RootWebArea" and not node.get("ignored") and not is_named:
                self.faults.append(f"{scheme}: a screen reader has no name for a {role}")
        ground = value("getComputedStyle(document.body).backgroundColor")
        red = int(re.search(r"\d+", ground)[0])
        self.that((red < 128) == (scheme == "dark"), f"{scheme}: the ground is {ground}")

    def sizes(self):
        """It fits a telephone, and paper."""
        value = self.browser.value
        self.browser.look(390, "light")
        self.that(value("document.documentElement.scrollWidth") <= 390, "the page is wider than a telephone")
        self.browser.look(1280, "light", media="print")
        display = "getComputedStyle(document.getElementById('%s')).display"
        self.that(value(display % "tools") == "none", "buttons are printed")
        self.that(value(display % "timeline") != "none", "the timeline is not printed")
        self.browser.look(1280, "light")


def main():
    """Prints what is wrong, or how much was found right."""
    chromium, page, trace, screenshots = sys.argv[1:]
    lanes, marks, events = expected(trace)
    if not events:
        sys.exit(f"{trace} has no event")
    with tempfile.TemporaryDirectory() as profile, Browser(chromium, profile) as browser:
        check = Check(browser)
        browser.look(1280, "light")
        browser.open(os.path.realpath(page))
        try:
            check.content(lanes, marks, events)
            check.keyboard()
            check.events(len(events))
            check.pointer()
            check.sizes()
            for scheme in ["light", "dark"]:
                for width in [1280, 390]:
                    browser.look(width, scheme)
                    browser.open(os.path.realpath(page))
                    browser.screenshot(os.path.join(screenshots, f"timeline-{width}-{scheme}.png"))
                check.for_all(scheme)
        except RuntimeError as error:
            # What the page said tells why.
            check.faults.append(str(error))
        faults = check.faults
        faults += [f"on the console: {message}" for message in browser.messages]
        faults += [f"it asks for {url}" for url in sorted(browser.requests)]
    if faults:
        sys.exit("\n".join(faults))
    print(
        f"{len(lanes)} lanes with {marks} marks, and {len(events)} events, as in the trace; keyboard and mouse do what "
        "they should; nothing on the console, no request; names and contrasts as they should be"
    )


if __name__ == "__main__":
    main()
