"""A client of the control API: controls a running emulator, wherever it runs, with the standard library only.

Its calls block until the reply, for a few milliseconds: fine in a test, asynchronous or not,
as long as the emulator does not run in the same event loop.
"""

from __future__ import annotations

from emulator.client.changes import ABSENT, Changes, CollectionChanges, Difference, RecordChange
from emulator.client.client import Client
from emulator.client.clock import ClockClient, ClockSetting
from emulator.client.collection import CollectionClient
from emulator.client.exchanges import AppliedFault, Exchange, Violation, exchange_of
from emulator.client.faults import FaultClient, ScenarioClient
from emulator.client.findings import Finding, finding_of
from emulator.client.headers import Headers
from emulator.client.journal import JournalClient
from emulator.client.sandbox import SandboxClient
from emulator.client.snapshot import Snapshot
from emulator.client.stubs import StubClient
from emulator.client.summary import SandboxSummary
from emulator.client.switches import Switches
from emulator.client.types import (
    Commit,
    Connection,
    Delay,
    ExpectedCall,
    GraphQL,
    Only,
    Reply,
    ScenarioName,
    When,
    Where,
)
from emulator.client.vendors import Credential, Credentials, VendorAccess, vendors_of
from emulator.errors import EmulatorError

__all__ = [
    "ABSENT",
    "AppliedFault",
    "Changes",
    "Client",
    "ClockClient",
    "ClockSetting",
    "CollectionChanges",
    "CollectionClient",
    "Commit",
    "Connection",
    "Credential",
    "Credentials",
    "Delay",
    "Difference",
    "EmulatorError",
    "Exchange",
    "ExpectedCall",
    "FaultClient",
    "Finding",
    "GraphQL",
    "Headers",
    "JournalClient",
    "Only",
    "RecordChange",
    "Reply",
    "SandboxClient",
    "SandboxSummary",
    "ScenarioClient",
    "ScenarioName",
    "Snapshot",
    "StubClient",
    "Switches",
    "VendorAccess",
    "Violation",
    "When",
    "Where",
    "exchange_of",
    "finding_of",
    "vendors_of",
]
