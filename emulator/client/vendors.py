"""How to call the vendors of a sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.client.types import BuiltInVendors
from emulator.errors import unknown


@dataclass(frozen=True)
class Credential:
    """One credential: `headers` are what a client sends to present it."""

    id: str
    user: str | None
    rights: str | None
    expired: bool
    headers: Mapping[str, str]


class Credentials(Mapping[str, Credential]):
    """A vendor's credentials in a sandbox, by rights: "full", "read" (may only read) and "expired"."""

    def __init__(self, every: Sequence[Credential]) -> None:
        self.every = every
        self._by_rights: dict[str, Credential] = {}
        for credential in every:
            self._by_rights.setdefault("expired" if credential.expired else str(credential.rights), credential)

    def __getitem__(self, rights: str) -> Credential:
        if rights not in self._by_rights:
            raise KeyError(unknown("rights", rights, self, "of a credential", plural="rights"))
        return self._by_rights[rights]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_rights)

    def __len__(self) -> int:
        return len(self._by_rights)


@dataclass(frozen=True)
class VendorAccess:
    """How to call a vendor in a sandbox.

    `url` is the vendor's documented base URL (for a GraphQL vendor its endpoint), `headers` are those of a credential
    with full rights, `hosts` the vendor's own names.
    """

    name: str
    title: str
    url: str
    headers: Mapping[str, str]
    credentials: Credentials
    hosts: tuple[str, ...]


def vendors_of(document: Mapping[str, Any]) -> dict[str, VendorAccess]:
    """Return how to call each vendor, from the control API's document of a sandbox."""
    return {
        name: VendorAccess(
            name=name,
            title=vendor["title"],
            url=vendor["base_url"],
            headers=vendor["headers"],
            credentials=Credentials([Credential(**credential) for credential in vendor["credentials"]]),
            hosts=tuple(vendor["hosts"]),
        )
        for name, vendor in document["vendors"].items()
    }


def set_attributes(owner: BuiltInVendors, vendors: Mapping[str, VendorAccess]) -> None:
    """Set the built-in vendors as attributes of their owner."""
    vars(owner).update((name, vendors[name]) for name in BuiltInVendors.__annotations__ if name in vendors)


def unknown_attribute(name: str, vendors: Mapping[str, VendorAccess]) -> AttributeError:
    """Return the error for an unknown attribute of a sandbox, with its vendors."""
    if name in vendors:
        return AttributeError(f"{name} does not come with the emulator; write .vendors[{name!r}]")
    return AttributeError(unknown("attribute", name, vendors, "of a sandbox", plural="vendors"))
