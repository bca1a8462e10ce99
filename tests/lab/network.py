# SPDX-License-Identifier: GPL-2.0-only
"""The requests of a page in a browser to the network, for check-html and check-page."""

import re


def requests(net_log):
    """The requests of the page to other places. The browser's own requests have no origin."""
    names = {number: name for name, number in net_log["constants"]["logEventTypes"].items()}
    urls = set()
    for event in net_log["events"]:
        asked = event.get("params", {})
        if names[event["type"]] == "URL_REQUEST_START_JOB" and asked.get("initiator") != "not an origin":
            urls.add(asked.get("url", ""))
    return sorted(url for url in urls if not re.match(r"(file|data):|$", url))
