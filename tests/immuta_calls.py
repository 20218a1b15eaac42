"""Calls to Immuta, as tests make them."""

from __future__ import annotations

from typing import Any

from tests.conftest import EmulatorUnderTest


def call(emulator: EmulatorUnderTest, method: str, path: str, **options: Any) -> Any:
    """Return the JSON of a call that succeeds."""
    reply = emulator.call("immuta", method, path, **options)
    assert reply.status_code == 200, reply.text
    return reply.json()


def refused(emulator: EmulatorUnderTest, method: str, path: str, **options: Any) -> tuple[int, str]:
    """Return the status and the message of a call."""
    reply = emulator.call("immuta", method, path, **options)
    return reply.status_code, reply.json()["message"]
