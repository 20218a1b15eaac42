"""Calls a vendor at a rate: python -m tests.browser.calling BASE_URL HEADERS CALLS RATE. Prints the rate it reached."""

from __future__ import annotations

import http.client
import json
import sys
import time


def main(base_url: str, headers: str, calls: str, rate: str) -> None:
    """Send a call whenever one is due, on one connection."""
    host, _, path = base_url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    given = json.loads(headers)
    start = time.monotonic()
    for number in range(int(calls)):
        time.sleep(max(0.0, start + number / float(rate) - time.monotonic()))
        connection.request("GET", f"/{path}/integration/integrations?results_per_page=1", headers=given)
        connection.getresponse().read()
    sys.stdout.write(str(int(calls) / (time.monotonic() - start)))


if __name__ == "__main__":
    main(*sys.argv[1:])
