"""Runs one of the examples of the paradime-io SDK as it is.

Its placeholders for endpoint and credentials are replaced when they are used; its sleep moves the sandbox's clock.
"""

import os
import runpy
import sys
import time

import requests
from paradime.client.api_client import APIClient

REAL = {"api_endpoint": sys.argv[1], "api_key": "paradime-key", "api_secret": "paradime-secret"}
CONTROL = f"{os.environ['EMULATOR']}/_emulator"

construct = APIClient.__init__


def with_credentials(self, **given):
    construct(self, **{**given, **REAL})


def pass_time(seconds):
    requests.post(f"{CONTROL}/clock/advance", json={"seconds": seconds}, timeout=10).raise_for_status()


APIClient.__init__ = with_credentials
time.sleep = pass_time
os.environ.update({f"PARADIME_{name.upper()}": value for name, value in REAL.items()})
os.chdir(os.path.dirname(sys.argv[2]))
runpy.run_path(sys.argv[2], run_name="__main__")
print("null")
