# SPDX-License-Identifier: GPL-2.0-only
"""A headless Chromium that is driven by its debugging protocol, over a pair of pipes: for check-timeline.

It loads one page, types, points and evaluates expressions there, and keeps what the page said and asked for.
"""

import base64
import fcntl
import json
import os
import re
import select
import subprocess
import time

# Whatever Chromium does on its own account is switched off; no name is resolved.
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]
# How long an answer may take, in seconds: an emulated or busy machine is slow.
PATIENCE_S = 120
# Bits of the protocol for keys that are held.
CTRL = 2


class Browser:
    """A browser with one tab."""

    def __init__(self, chromium, profile):
        # The browser reads from its file 3 and writes to its file 4.
        ours = [os.pipe(), os.pipe()]
        (its_in, self.to), (self.answers, its_out) = ours
        its_in, its_out = (fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (its_in, its_out))
        redirected = f'exec "$0" "$@" 3<&{its_in} 4>&{its_out}'
        command = ["bash", "-c", redirected, chromium, *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(
            command, pass_fds=(its_in, its_out), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for one in (ours[0][0], its_in, its_out, ours[1][1]):
            os.close(one)
        self.rest = b""
        self.count = 0
        self.loaded = 0
        # What the page has said on the console, and what it has asked for.
        self.messages, self.requests = [], set()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"]:
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def call(self, method, **parameters):
        """Has the browser do something, and returns the answer."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self.receive(until, method)
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.note(answer)

    def receive(self, until, why):
        """The next message of the browser."""
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                raise TimeoutError(f"the browser does not answer to {why} within {PATIENCE_S} s")
            more = os.read(self.answers, 1 << 16)
            if not more:
                raise RuntimeError(f"the browser has ended, asked for {why}")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def note(self, event):
        """Keeps what matters of an event."""
        told = event.get("params", {})
        match event.get("method"):
            case "Page.loadEventFired":
                self.loaded += 1
            case "Runtime.consoleAPICalled":
                self.messages.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.messages.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded":
                self.messages.append(told["entry"]["text"])
            case "Network.requestWillBeSent":
                url = told["request"]["url"]
                if not re.match(r"(file|data|about):", url):
                    self.requests.add(url)

    def open(self, path):
        """Loads a page."""
        before = self.loaded
        self.call("Page.navigate", url=f"file://{path}")
        until = time.monotonic() + PATIENCE_S
        while self.loaded == before:
            self.note(self.receive(until, f"the page {path}"))

    def value(self, expression):
        """The value of an expression, in the page, when what is drawn next has been drawn."""
        drawn = f"new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done({expression}))))"
        answer = self.call("Runtime.evaluate", expression=drawn, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['text']}")
        return answer["result"].get("value")

    def press(self, key):
        """Presses a key, and lets it go."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def mouse(self, kind, x, y, **more):
        """Moves the mouse, or presses it, or turns its wheel."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def look(self, width, scheme, media="screen"):
        """How wide the window is, whether dark or light is preferred, and whether it is printed."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=1600, deviceScaleFactor=1, mobile=False
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def screenshot(self, path):
        """Keeps what is seen."""
        data = self.call("Page.captureScreenshot")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
