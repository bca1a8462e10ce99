# SPDX-License-Identifier: GPL-2.0-only
"""Gives metrics of simructl to the programs that read them, and compares the samples that these have.

Called by tests/lab/check-metrics as `check-metrics.py SIMRUCTL FOLDER`, FOLDER being that of simructl's sources.
"""

import concurrent.futures
import contextlib
import http.server
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

SIMRUCTL, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# If something takes longer than this, it has failed.
PATIENCE_S = 60


def check(what, is_so):
    if not is_so:
        sys.exit(f"check-metrics: {what}")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    check(f"{' '.join(command)}: {done.stdout}{done.stderr}", done.returncode == 0)
    return done


def metrics(command, copy, *options):
    """The text that simructl writes of a copy, or of this machine."""
    source = ["--from", str(copy)] if copy else []
    return run(SIMRUCTL, command, *source, "--metrics", *options).stdout


def copies():
    kinds = {".interrupts": "irqs", ".softirqs": "softirqs"}
    found = sorted((FOLDER / "tests/interrupts").rglob("*"))
    copies = [(copy, kinds[copy.suffix]) for copy in found if copy.suffix in kinds]
    check("no copies", len(copies) > 25)
    return copies


def samples(families):
    """The values of all samples, by name and labels.

    An empty label counts as absent: node_exporter gives all samples the same labels."""
    found = {}
    for family in families:
        for sample in family.samples:
            labels = {label: value for label, value in sample.labels.items() if value}
            key = (sample.name, frozenset(labels.items()))
            check(f"{key} is there twice", key not in found)
            found[key] = float(sample.value)
    return found


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def until(what, attempt):
    """The first result of the attempt that is not empty."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = attempt()
            if found:
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        check(f"never: {what}", time.monotonic() < end)
        time.sleep(0.1)


@contextlib.contextmanager
def server(*command):
    """A program that runs in the background; its messages are shown if something fails."""
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    except BaseException:
        log.seek(0)
        sys.stderr.write("".join(log.readlines()[-20:]))
        raise
    finally:
        process.terminate()
        process.wait()


def is_understood(copy, command):
    """promtool finds no fault; both formats hold the same data, and the strict parser accepts it. Returns how much."""
    count = 0
    for options in [[], ["--sum", "--no-zeros"]]:
        text = metrics(command, copy, "prometheus", *options)
        lint = run("promtool", "check", "metrics", input=text)
        check(f"promtool of {copy}: {lint.stdout}{lint.stderr}", not lint.stdout + lint.stderr)
        plain = samples(parser.text_string_to_metric_families(text))
        strict = metrics(command, copy, "openmetrics", *options)
        strict = samples(openmetrics.text_string_to_metric_families(strict))
        check(f"the formats differ of {copy}", plain == strict)
        count += len(plain)
    return count


def formats_are_understood():
    """Those of all copies, several at a time: the strict parsers take longer than the programs."""
    with concurrent.futures.ProcessPoolExecutor() as pool:
        count = sum(pool.map(is_understood, *zip(*copies(), strict=True)))
    check(f"only {count} samples", count > 15_000)
    print(f"promtool and the strict parser accept {count} samples of {len(copies())} copies")


def collector_takes_files(folder, node):
    """node_exporter shows the samples of each file unchanged."""
    count = 0
    for copy, command in copies():
        file = folder / "simructl-copy.prom"
        run(SIMRUCTL, command, "--from", str(copy), "--metrics", "prometheus", "--output", str(file))
        expected = samples(parser.text_string_to_metric_families(file.read_text()))
        shown = samples(parser.text_string_to_metric_families(fetch(node)))
        error = shown[("node_textfile_scrape_error", frozenset())]
        check(f"the collector does not accept {copy}", error == 0)
        shown = {key: value for key, value in shown.items() if key[0].startswith("linux_")}
        check(f"the collector shows other samples of {copy}", shown == expected)
        count += len(shown)
        file.unlink()
    print(f"node_exporter shows {count} samples unchanged")


class Pages(http.server.BaseHTTPRequestHandler):
    """Serves what simructl writes in the newer format, each copy at a path of its own."""

    texts = {}

    def do_GET(self):
        text = self.texts[self.path].encode()
        self.send_response(200)
        self.send_header("Content-Type", OPENMETRICS)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def unit_commands(folder):
    """The commands of the unit for systemd, changed to write into the folder."""
    unit = (FOLDER / "systemd/simructl-metrics.service").read_text()
    lines = [line.removeprefix("ExecStart=") for line in unit.splitlines() if line.startswith("ExecStart=")]
    check("the unit runs nothing", len(lines) == 2)
    commands = [line.replace("/usr/bin/simructl", SIMRUCTL).replace("/var/lib/prometheus/node-exporter", str(folder)) for line in lines]
    return [command.split() for command in commands]


def units_are_sound(scratch):
    """systemd reads the units without a warning."""
    root = scratch / "root"
    (root / "usr/bin").mkdir(parents=True)
    shutil.copy(SIMRUCTL, root / "usr/bin/simructl")
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/:\nprometheus:x:100:100::/:\n")
    for target in ["sysinit", "basic", "timers", "shutdown", "time-sync", "time-set"]:
        (root / f"etc/systemd/system/{target}.target").write_text("[Unit]\n")
    (root / "etc/systemd/system/system.slice").write_text("[Unit]\n")
    (root / "etc/systemd/system/-.mount").write_text("[Mount]\nWhat=/\nWhere=/\n")
    (root / "etc/systemd/system/tmp.mount").write_text("[Mount]\nWhat=tmpfs\nWhere=/tmp\n")
    names = ["simructl-metrics.service", "simructl-metrics.timer"]
    for name in names:
        shutil.copy(FOLDER / "systemd" / name, root / "etc/systemd/system" / name)
    done = run("systemd-analyze", "verify", "--man=no", f"--root={root}", *names)
    check(f"systemd-analyze: {done.stdout}{done.stderr}", not done.stdout + done.stderr)
    print("systemd reads the units without a warning")


def is_within(part, whole, place):
    """Checks that every value of a document is in another one."""
    if isinstance(part, dict):
        for key, value in part.items():
            check(f"{place}.{key} is not in Grafana's definition", isinstance(whole, dict) and key in whole)
            is_within(value, whole[key], f"{place}.{key}")
    elif isinstance(part, list):
        check(f"{place} has another length", isinstance(whole, list) and len(part) == len(whole))
        for index, value in enumerate(part):
            is_within(value, whole[index], f"{place}[{index}]")
    else:
        check(f"{place}: {part!r} becomes {whole!r}", part == whole)


def dashboard():
    """The dashboard: Grafana's definition must know every field."""
    register_default_plugins()
    document = json.loads((FOLDER / "grafana/interrupts.json").read_text())
    known = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(document)))
    is_within(document, known, "dashboard")
    places = set()
    for panel in document["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        check(f"{panel['title']} is wider than the page", at["x"] + at["w"] <= 24)
        check(f"{panel['title']} overlaps another", not cells & places)
        places |= cells
    print(f"Grafana's definition knows all of the dashboard's {len(document['panels'])} panels")
    return document


def query(prometheus, expression):
    answer = json.loads(fetch(f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
    check(f"{expression}: {answer}", answer["status"] == "success")
    return answer["data"]["result"]


def prometheus_takes_all(scratch, folder, node):
    """Prometheus scrapes node_exporter, and reads the newer format with its strict parser; every panel has its data."""
    expected = {}
    for number, (copy, command) in enumerate(copies()):
        text = metrics(command, copy, "openmetrics")
        Pages.texts[f"/{number}"] = text
        expected[str(number)] = len([line for line in text.splitlines() if not line.startswith("#")])
    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    jobs = [{"job_name": "node", "static_configs": [{"targets": [urllib.parse.urlparse(node).netloc]}]}]
    for number in expected:
        target = {"targets": [f"127.0.0.1:{pages.server_port}"], "labels": {"copy": number}}
        jobs.append({"job_name": f"copy{number}", "metrics_path": f"/{number}", "static_configs": [target]})
    # JSON is also YAML.
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
    (scratch / "prometheus.yml").write_text(json.dumps(config))
    run("promtool", "check", "config", str(scratch / "prometheus.yml"))
    address = f"127.0.0.1:{free_port()}"
    prometheus = f"http://{address}"
    command = [
        "prometheus",
        f"--config.file={scratch}/prometheus.yml",
        f"--storage.tsdb.path={scratch}/data",
        f"--web.listen-address={address}",
    ]
    with server(*command):
        def live():
            for one in unit_commands(folder):
                run(*one)

        live()
        until("Prometheus is ready", lambda: fetch(f"{prometheus}/-/ready"))
        until("all copies are scraped", lambda: len(query(prometheus, 'up{copy!=""} == 1')) == len(expected))
        scraped = {one["metric"]["copy"]: int(one["value"][1]) for one in query(prometheus, 'scrape_samples_scraped{copy!=""}')}
        check(f"scraped: {scraped}, written: {expected}", scraped == expected)
        print(f"Prometheus scrapes {sum(scraped.values())} samples with its strict parser")

        panels = 0
        for panel in dashboard()["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$__rate_interval", "30s").replace("$instance", ".*")
                check(f"an unknown variable: {expression}", "$" not in expression)

                def has_data():
                    live()
                    found = query(prometheus, expression)
                    return [one for one in found if one["value"][1] not in ("NaN", "+Inf")]

                found = until(f"data for {panel['title']}: {expression}", has_data)
                # The names in the legend are labels of the data.
                for label in [part.split("}}")[0] for part in target["legendFormat"].split("{{")[1:]]:
                    check(f"{panel['title']} has no {label}", any(label in one["metric"] for one in found))
                panels += 1

        def has_interrupts():
            live()
            return float(query(prometheus, "sum(rate(linux_interrupts_total[30s]))")[0]["value"][1]) > 0

        until("this machine has interrupts", has_interrupts)
        # The last samples that were written are stored.
        file = folder / "simructl-irqs.prom"
        written = samples(parser.text_string_to_metric_families(file.read_text()))

        def is_stored():
            found = query(prometheus, 'linux_interrupts_total{job="node"}')
            drop = ("__name__", "job", "instance")
            stored = {}
            for one in found:
                labels = {key: value for key, value in one["metric"].items() if key not in drop}
                stored[("linux_interrupts_total", frozenset(labels.items()))] = float(one["value"][1])
            return stored == written

        until("what was written is stored", is_stored)
        print(f"Prometheus has data for all {panels} queries of the dashboard")
    pages.shutdown()


def main():
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        folder = scratch / "textfile"
        folder.mkdir()
        units_are_sound(scratch)
        formats_are_understood()
        address = f"127.0.0.1:{free_port()}"
        node = f"http://{address}/metrics"
        command = [
            "prometheus-node-exporter",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={folder}",
            f"--web.listen-address={address}",
        ]
        with server(*command):
            until("node_exporter is ready", lambda: fetch(node))
            collector_takes_files(folder, node)
            prometheus_takes_all(scratch, folder, node)
    print(f"the metrics are correct: {time.monotonic() - start:.0f} s")


main()
