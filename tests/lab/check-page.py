# SPDX-License-Identifier: GPL-2.0-only
"""What check-page asks of a page of the book, once a browser has opened it.

Takes the page's name, the browser's DOM of it, that of the same page with a search, the browser's log of the network, and
the style sheets with the colours of the themes, in their order.
"""

import colorsys
import json
import re
import sys

import accessible
import network

# The themes that readers get without a choice: by day and by night.
THEMES = {"light": r"\.light(?:, html:not\(\.js\))?", "coal": r"\.coal"}
# What is read, and the ground that it stands on.
PAIRS = [
    ("fg", "bg"),
    ("fg", "table-alternate-bg"),
    ("links", "bg"),
    ("inline-code-color", "bg"),
    ("icons", "bg"),
    ("sidebar-fg", "sidebar-bg"),
    ("sidebar-active", "sidebar-bg"),
]


def color(text):
    """A colour of a style sheet as six hexadecimal digits; None for other values."""
    if match := re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", text):
        digits = match[1]
        return "#" + (digits if len(digits) == 6 else "".join(one * 2 for one in digits))
    if match := re.fullmatch(r"hsl\((\d+),? *([\d.]+)%,? *([\d.]+)%\)", text):
        hue, saturation, lightness = (float(one) for one in match.groups())
        channels = colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
        return "#" + "".join(f"{round(one * 255):02x}" for one in channels)
    return None


def contrasts(sheet):
    """What is hard to read in a theme."""
    for theme, selector in THEMES.items():
        # What comes later holds.
        rules = " ".join(re.findall(selector + r"\s*\{([^}]*)\}", sheet))
        values = {name: color(value.strip()) for name, value in re.findall(r"--([a-z-]+):([^;]*);", rules)}
        for ink, ground in PAIRS:
            if not values.get(ink) or not values.get(ground):
                yield f"{theme}: there is no colour {ink} or {ground}"
            elif accessible.contrast(values[ink], values[ground]) < accessible.TEXT:
                have = accessible.contrast(values[ink], values[ground])
                yield f"{theme}: {ink} on {ground} has a contrast of {have:.2f}, not {accessible.TEXT}"


def pictures(page):
    """Pictures without a text in their place."""
    for picture in page.within("img"):
        if not picture.attributes.get("alt", "").strip():
            yield f"{picture.attributes.get('src')} has no text in its place"


def search(page):
    """Whether the search has found pages."""
    lists = [one for one in page.within("ul") if one.attributes.get("id") == "searchresults"]
    if not any(link for one in lists for link in one.within("a")):
        yield "the search finds nothing for napi"


def main():
    """Prints what is wrong, or that all is right."""
    name, *paths = sys.argv[1:]
    texts = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    page = accessible.parse(texts[0])
    faults = [
        *accessible.faults_but_colors(page),
        *pictures(page),
        *search(accessible.parse(texts[1])),
        *(f"it asks for {url}" for url in network.requests(json.loads(texts[2]))),
        *contrasts("\n".join(texts[3:])),
    ]
    if faults:
        sys.exit("\n".join(f"{name}: {fault}" for fault in sorted(set(faults))))
    tables = sum(1 for _ in page.within("table"))
    print(f"{name}: {tables} tables; nothing on the console, no request; names, captions, scopes and contrasts as they should be")


if __name__ == "__main__":
    main()
