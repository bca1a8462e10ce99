# SPDX-License-Identifier: GPL-2.0-only
"""What a page in a browser has asked of the network, for check-html and check-page."""

import re


def requests(net_log):
    """What the page has asked for elsewhere. What the browser asks for itself has no origin."""
    names = {number: name for name, number in net_log["constants"]["logEventTypes"].items()}
    urls = set()
    for event in net_log["events"]:
        asked = event.get("params", {})
        if names[event["type"]] == "URL_REQUEST_START_JOB" and asked.get("initiator") != "not an origin":
            urls.add(asked.get("url", ""))
    return sorted(url for url in urls if not re.match(r"(file|data):|$", url))
