"""`python -m tests.soak.health PORT PID`: request health repeatedly, and print how long each response took.

A separate process, so that the hostile clients do not delay it. It prints one line per response: the time of the
request (CLOCK_MONOTONIC), how long the response took, and how long meanwhile one of the emulator's threads was ready
but had no processor, all in seconds.
"""

from __future__ import annotations

import http.client
import sys
import time

from tests.soak.emulator import waits_for_processor

PAUSE_SECONDS = 0.005


def main(port: int, pid: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        before, asked = waits_for_processor(pid), time.monotonic()
        try:
            connection.request("GET", "/_emulator/health")
            response = connection.getresponse()
            response.read()
            is_right = response.status == 200
        except (OSError, http.client.HTTPException):
            connection.close()
            is_right = False
        took = time.monotonic() - asked
        after = waits_for_processor(pid)
        stolen = max((waited - before.get(task, 0) for task, waited in after.items()), default=0) / 1e9
        print(f"{asked:.6f} {took if is_right else -1:.6f} {min(took, stolen):.6f}", flush=True)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
