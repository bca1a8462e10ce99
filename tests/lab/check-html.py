# SPDX-License-Identifier: GPL-2.0-only
"""What check-html asks of a page, once a browser has opened it.

Takes the browser's DOM, its log of the network and the result file. Which charts there must be, and which
series in them, is worked out from the result file alone. `accessible` says what the page lacks for those who cannot
see it.
"""

import json
import math
import re
import sys
from html.parser import HTMLParser

import accessible
import network

# Attributes with the place or size of a shape, by element.
SHAPES = {
    "polyline": ["points"],
    "polygon": ["points"],
    "rect": ["x", "y", "width", "height"],
    "circle": ["cx", "cy", "r"],
    "line": ["x1", "y1", "x2", "y2"],
    "text": ["x", "y"],
}
STAGES = ["irq_bh", "due_read"]
# Knobs that belong to the load; the others are choices, like the flavor.
OF_LOAD = ["work_bytes", "work_sleep_us"]
BUSY = ["busy", "interrupt", "worker", "reader"]


class Charts(HTMLParser):
    """The charts of a page: by their ids, the series that have shapes in them."""

    def __init__(self):
        super().__init__()
        self.charts = {}
        self.chart = None
        # The series that the shapes belong to: one for each open group, or none.
        self.groups = []
        self.faults = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "svg":
            self.chart = attributes.get("data-chart")
            if self.chart is None:
                return
            if self.chart in self.charts:
                self.faults.append(f"{self.chart} is there twice")
            self.charts[self.chart] = set()
        elif tag == "g":
            self.groups.append(attributes.get("data-series"))
        elif tag in SHAPES and self.chart:
            self.shape(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        if tag == "svg":
            self.chart = None
        elif tag == "g":
            self.groups.pop()

    def shape(self, tag, attributes):
        for name in SHAPES[tag]:
            # The ground of a chart has no place and is as large as the chart.
            values = [one for one in re.split(r"[ ,]+", attributes.get(name, "0")) if one != "100%"]
            values = [one for one in values if one]
            if name == "points" and len(values) < 4:
                self.faults.append(f"{self.chart}: a {tag} without points")
            for value in values:
                try:
                    odd = not math.isfinite(float(value))
                except ValueError:
                    odd = True
                if odd:
                    self.faults.append(f"{self.chart}: {name} of a {tag} is {value}")
        self.charts[self.chart].update(name for name in self.groups if name is not None)


def series(setting):
    """The name of a cell in charts."""
    scope = setting["affinity_scope"]
    knobs = [f"{name}={value}" for name, value in sorted(setting.get("knobs", {}).items()) if name not in OF_LOAD]
    return " ".join([setting["flavor"] + (f"/{scope}" if scope else ""), *knobs])


def identifier(setting, stress):
    """The name of a cell's group in the names of charts."""
    rate = [] if setting["rate_hz"] is None else [str(setting["rate_hz"])]
    parts = [setting["mode"], *rate]
    for letter, name in [("b", "burst"), ("f", "fifo_size"), ("w", "work_us"), ("l", "lines")]:
        parts.append(f"{letter}{setting[name]}")
    parts.extend(f"{name}-{value}" for name, value in sorted(setting.get("knobs", {}).items()) if name in OF_LOAD)
    return re.sub(r"[^A-Za-z0-9]", "-", "-".join([*parts, stress]))


def on_frontier(cells):
    """The cells of a group that have CPU time and the latency of the tail: of the percentiles of due_read, or else of
    irq_bh, the one that most cells have, and of several p99, or else the greatest."""
    for stage in ["due_read", "irq_bh"]:
        names = {name for cell in cells for name in cell["metrics"] if re.fullmatch(rf"{stage}_p[0-9]+_ns", name)}
        if names:
            break
    else:
        return []

    def rank(name):
        digits = name.removeprefix(f"{stage}_p").removesuffix("_ns")
        return sum(name in cell["metrics"] for cell in cells), digits == "99", float(f"{digits[:2]}.{digits[2:]}0")

    tail = max(names, key=rank)
    return [cell for cell in cells if tail in cell["metrics"] and "busy_ns_per_event" in cell["metrics"]]


def expected(results):
    """The expected charts, and the series of each."""
    charts = {}

    def add(chart, cell, has):
        if has:
            charts.setdefault(chart, set()).add(series(cell["setting"]))

    groups = {}
    for cell in results["cells"]:
        setting, metrics = cell["setting"], cell["metrics"]
        group = identifier(setting, setting["stress"])
        groups.setdefault(group, []).append(cell)
        for stage in STAGES:
            name = stage.replace("_", "-")
            histogram = cell["histograms"].get(stage)
            add(f"ecdf-{name}-{group}", cell, histogram and histogram["count"] > 0)
            tails = any(re.fullmatch(rf"{stage}_p[0-9]+_ns", metric) for metric in metrics)
            add(f"percentiles-{name}-{group}", cell, tails)
        add(f"cpu-{group}", cell, any(f"{who}_ns_per_event" in metrics for who in BUSY))
        main = "runs_hz" if setting["mode"] == "saturate" else "irq_bh_p50_ns"
        add(f"rounds-{group}", cell, any(main in one["metrics"] for one in cell["rounds"]))
    for group, cells in groups.items():
        losses = [cell for cell in cells if "loss_ratio" in cell["metrics"]]
        if any(cell["metrics"]["loss_ratio"]["median"] > 0 for cell in losses):
            charts[f"loss-{group}"] = {series(cell["setting"]) for cell in losses}
        points = on_frontier(cells)
        if sum(cell["setting"]["flavor"] != "none" for cell in points) > 1:
            charts[f"frontier-{group}"] = {series(cell["setting"]) for cell in points}

    # Groups that differ only in what interferes: each is drawn beside the first.
    families = {}
    for cells in groups.values():
        families.setdefault(identifier(cells[0]["setting"], "stress"), []).append(cells)
    for family, (first, *others) in families.items():
        first = {series(cell["setting"]): cell["metrics"] for cell in first}
        for cells in others:
            setting = cells[0]["setting"]
            saturates = setting["mode"] == "saturate"
            both = ["runs_hz", "irq_bh_p99_ns"] if saturates else ["irq_bh_p99_ns", "due_read_p99_ns"]
            for metric in both:
                name = re.sub(r"[^A-Za-z0-9]", "-", f"{metric}-{setting['stress']}")
                for cell in cells:
                    before = first.get(series(cell["setting"]), {})
                    add(f"{name}-{family}", cell, metric in before and metric in cell["metrics"])

    for knee in results["knees"]:
        setting = {**knee["setting"], "rate_hz": None}
        add(f"p99-knee-{identifier(setting, setting['stress'])}", knee, knee["probes"])
    return charts


def main():
    """Prints the faults, or how much was checked."""
    dom, net_log, result = sys.argv[1:]
    page = Charts()
    with open(dom, encoding="utf-8") as file:
        text = file.read()
    page.feed(text)
    with open(result, encoding="utf-8") as file:
        wanted = expected(json.load(file))
    with open(net_log, encoding="utf-8") as file:
        faults = page.faults + accessible.faults(text) + [f"it asks for {url}" for url in network.requests(json.load(file))]
    for chart in wanted.keys() | page.charts.keys():
        want, have = wanted.get(chart), page.charts.get(chart)
        if have is None:
            faults.append(f"{chart} is missing")
        elif want is None:
            faults.append(f"{chart} has no data in the result")
        elif want != have:
            faults.append(f"{chart} shows {sorted(have)}, not {sorted(want)}")
    if faults:
        sys.exit("\n".join(sorted(faults)))
    count = sum(len(names) for names in wanted.values())
    print(
        f"{len(wanted)} charts with {count} series, as in the result; nothing on the console, no request; "
        "names, captions, scopes and contrasts as they should be"
    )


if __name__ == "__main__":
    main()
