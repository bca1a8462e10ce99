# SPDX-License-Identifier: GPL-2.0-only
"""Whether a page is accessible, as far as its source tells: for check-html and check-page.

Everything that takes the focus has a name, every table a caption and headings with a scope, every picture a name
and a description, and colours have the contrast that WCAG 2 (level AA) asks for, on a light ground and on a dark one.
"""

import re
from html.parser import HTMLParser

# Elements without an end tag.
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Elements that can take the focus without a tabindex.
FOCUSED = {"a", "button", "input", "select", "summary", "textarea"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
SCOPES = {"row", "col", "rowgroup", "colgroup"}

# The least contrasts of WCAG 2: for text, and for other parts that must be visible.
TEXT, GRAPHICS = 4.5, 3.0
# Variables of the style sheet that colour text, and those of the grounds behind it.
INKS = ["text", "soft", "accent", "good", "bad"]
GROUNDS = ["page", "ground"]
# Lines that only help: nothing is lost without them.
DECORATION = {"grid"}


class Element:
    """An element, with all the text within it."""

    def __init__(self, tag, attributes):
        self.tag = tag
        self.attributes = attributes
        self.text = ""
        self.inside = []

    def __str__(self):
        name = self.attributes.get("id") or self.attributes.get("data-chart") or self.text.strip()[:30]
        return f"<{self.tag}> {name}"

    def within(self, *tags):
        """All elements with these tags within it."""
        for element in self.inside:
            if element.tag in tags:
                yield element
            yield from element.within(*tags)


class Tree(HTMLParser):
    """The elements of a page."""

    def __init__(self):
        super().__init__()
        self.page = Element("page", {})
        self.open = [self.page]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, dict(attributes))
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.open[-1].inside.append(Element(tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in (element.tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        for element in self.open:
            element.text += data


def faults(text):
    """The faults of a page that has its style sheet in it."""
    page = parse(text)
    return [*faults_but_colors(page), *colors(page)]


def parse(text):
    """The elements of a page, in one that holds them all."""
    tree = Tree()
    tree.feed(text)
    return tree.page


def faults_but_colors(page):
    """The faults of a page, without those of its colours."""
    found = [*structure(page), *tables(page)]
    every = list(everything(page))
    ids = [element.attributes["id"] for element in every if "id" in element.attributes]
    found += [f"the id {name} is there twice" for name in {name for name in ids if ids.count(name) > 1}]
    by_id = {element.attributes["id"]: element for element in every if "id" in element.attributes}
    for element in every:
        takes_focus = element.tag in FOCUSED or "tabindex" in element.attributes
        if takes_focus and not name_of(element, by_id):
            found.append(f"{element} takes the focus and has no name")
        if element.tag == "svg":
            found += picture(element, by_id)
    return found


def everything(element):
    """All elements within one."""
    for inner in element.inside:
        yield inner
        yield from everything(inner)


def referred(element, attribute, by_id):
    """The text of the elements that an attribute names."""
    names = element.attributes.get(attribute, "").split()
    return " ".join(by_id[name].text.strip() for name in names if name in by_id).strip()


def name_of(element, by_id):
    """The accessible name of an element."""
    label = element.attributes.get("aria-label", "").strip()
    # The name of a group that can be scrolled is not all the text within it.
    own = "" if element.tag == "div" else element.text.strip()
    return referred(element, "aria-labelledby", by_id) or label or own


def picture(svg, by_id):
    """What a drawing lacks for people who cannot see it."""
    if svg.attributes.get("aria-hidden") == "true":
        return
    # A drawing whose parts take the focus is a group of pictures.
    parts = [part for part in everything(svg) if "tabindex" in part.attributes]
    role = "group" if parts else "img"
    if svg.attributes.get("role") != role:
        yield f"{svg} is no {role}"
    for part in parts:
        if part.attributes.get("role") != "img":
            yield f"{part} takes the focus and is no picture"
    for attribute, what in [("aria-labelledby", "name"), ("aria-describedby", "description")]:
        if not referred(svg, attribute, by_id):
            yield f"{svg} has no {what}"


def structure(page):
    """Language, title, landmarks and headings."""
    root = next(page.within("html"), None)
    if root is None or not root.attributes.get("lang"):
        yield "the page does not say its language"
    for tag in ["title", "main", "h1"]:
        if len([one for one in page.within(tag) if one.text.strip()]) < 1:
            yield f"the page has no {tag}"
    level = 0
    for heading in page.within(*HEADINGS):
        now = int(heading.tag[1])
        if now > level + 1:
            yield f"{heading} follows a heading of level {level}"
        level = now


def tables(page):
    """Captions, and the scopes of headings."""
    for table in page.within("table"):
        caption = next(table.within("caption"), None)
        if caption is None or not caption.text.strip():
            yield f"{table} has no caption"
        headings = list(table.within("th"))
        if not headings:
            yield f"{table} has no headings"
        for heading in headings:
            if heading.attributes.get("scope") not in SCOPES:
                yield f"{heading} has no scope"
            if not heading.text.strip():
                yield f"{table} has an empty heading"


def colors(page):
    """Contrasts of text and of drawings, on a light ground and a dark one."""
    sheet = "".join(style.text for style in page.within("style"))
    begins = re.compile(r"@media \(prefers-color-scheme: dark\)\s*\{\s*:root\s*\{([^}]*)\}\s*\}")
    light = variables(begins.sub("", sheet))
    dark = {**light, **variables("".join(begins.findall(sheet)))}
    if light == dark:
        yield "the page has no dark colours"
    for look, values in [("light", light), ("dark", dark)]:
        wanted = [(ink, ground, TEXT) for ink in INKS for ground in GROUNDS] + [("text", "warn", TEXT)]
        wanted += sorted(drawn(page))
        for ink, ground, least in wanted:
            if ink not in values or ground not in values:
                yield f"{look}: there is no colour {ink} or {ground}"
            elif contrast(values[ink], values[ground]) < least:
                have = contrast(values[ink], values[ground])
                yield f"{look}: {ink} on {ground} has a contrast of {have:.2f}, not {least}"


def variables(sheet):
    """The variables of a style sheet that are colours."""
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", sheet))


def drawn(page):
    """The colours of all drawings, with the contrast that each needs on its ground."""
    pairs = set()
    for svg in page.within("svg"):
        for shape in everything(svg):
            least = TEXT if shape.tag == "text" else GRAPHICS
            used = [shape.attributes.get(name, "") for name in ["stroke", "fill"]]
            names = [re.fullmatch(r"var\(--([a-z-]+)\)", value) for value in used]
            names = [name[1] for name in names if name and name[1] not in DECORATION | {"ground"}]
            # A shape with an outline is visible by its outline.
            pairs.update((name, "ground", least) for name in names[:1])
    return pairs


def contrast(one, other):
    """The contrast of two colours as WCAG 2 defines it."""
    values = sorted([luminance(one), luminance(other)])
    return (values[1] + 0.05) / (values[0] + 0.05)


def luminance(color):
    """The relative luminance of a colour, as WCAG 2 defines it."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
