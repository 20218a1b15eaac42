"""Records that faker makes: more integrations, and what the audit log held before anybody called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from emulator.exchange import Record
from emulator.vendors.celigo.ids import timestamp

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World

FIRST = datetime(2023, 1, 9, 8, tzinfo=UTC)
INTEGRATION = "60f1a2b3c4d5e6f708192a30"
FLOW = "60f1a4a1c4d5e6f708192b32"
OWNER = "5f7c3a2b9d1e4c0012a4b6c1"
SYSTEMS = ("3PL Central", "BigCommerce", "HubSpot", "Magento", "NetSuite", "Salesforce", "Shopify", "Zendesk")


def integration(fake: Faker, number: int, world: World, given: Record) -> Record:
    """Return an integration of two systems, as a client would have created it, without flows."""
    created = FIRST + timedelta(seconds=fake.random_int(0, 31_536_000))
    return {
        "_id": f"{int(created.timestamp()):08x}{fake.random.getrandbits(64):016x}",
        "lastModified": timestamp(created + timedelta(seconds=fake.random_int(0, 31_536_000))),
        "name": f"{fake.random_element(SYSTEMS)} - {fake.random_element(SYSTEMS)} {number}",
        "description": fake.sentence(),
        "install": [],
        "sandbox": False,
        "_registeredConnectionIds": [],
        "installSteps": [],
        "uninstallSteps": [],
        "flowGroupings": [],
        "createdAt": timestamp(created),
        "lastModifiedBy": OWNER,
    }


def audit_entry(fake: Faker, number: int, world: World, given: Record) -> Record:
    """Return one more entry, later than the one before: somebody changed an integration or a flow in the UI."""
    flow = fake.boolean(60)
    change = _flow_change(fake) if flow else _integration_change(fake)
    return {
        "_id": f"{fake.random_int(0x60000000, 0x65000000):08x}{number:016x}",
        "resourceType": "flow" if flow else "integration",
        "_resourceId": FLOW if flow else INTEGRATION,
        "source": "ui",
        "fieldChanges": [change],
        "event": "update",
        "time": timestamp(FIRST + timedelta(days=7 * number, seconds=fake.random_int(0, 30_000))),
        "byUser": {"_id": "624774a6a7574d3ed9f9a5cc", "email": "ada.admin@example.com", "name": "Ada Admin"},
    }


def _flow_change(fake: Faker) -> Record:
    minutes = [str(fake.random_int(0, 59)) for _ in range(2)]
    return {"oldValue": f"? {minutes[0]} * ? * *", "newValue": f"? {minutes[1]} * ? * *", "fieldPath": "schedule"}


def _integration_change(fake: Faker) -> Record:
    return {"oldValue": fake.sentence(), "newValue": fake.sentence(), "fieldPath": "description"}
