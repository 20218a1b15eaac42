"""How to call the vendors of a sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from emulator.client.api import Api, given
from emulator.client.stubs import StubClient
from emulator.client.types import BuiltInVendors, Delay, Where
from emulator.errors import EmulatorError, unknown

__tracebackhide__ = True

NO_BODY: Final = object()
"""A body that is left out, where None would mean JSON `null`."""


@dataclass(frozen=True)
class Credential:
    """One credential: `headers` are what a client sends to present it."""

    id: str
    user: str | None
    rights: str | None
    expired: bool
    headers: Mapping[str, str]


class Credentials(Mapping[str, Credential]):
    """A vendor's credentials in a sandbox, by rights: "full", "read" (may only read) and "expired".

    Most tests use none but `headers`: they are read from their documents when they are used.
    """

    def __init__(self, documents: Sequence[Mapping[str, Any]]) -> None:
        self._documents = documents

    @cached_property
    def every(self) -> Sequence[Credential]:
        """All credentials, also those with the same rights."""
        return [Credential(**document) for document in self._documents]

    @cached_property
    def _by_rights(self) -> Mapping[str, Credential]:
        found: dict[str, Credential] = {}
        for credential in self.every:
            found.setdefault("expired" if credential.expired else str(credential.rights), credential)
        return found

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
    _api: Api | None = field(default=None, repr=False, compare=False)

    def stub(
        self,
        method: str,
        path: str,
        *,
        json: Any = NO_BODY,
        text: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        where: Where | None = None,
        times: int | None = None,
        delay: Delay | None = None,
    ) -> StubClient:
        """Answer calls that are not emulated: `stub("GET", "/tools", json=[])`. With `with`, until the block ends.

        `path` is below `url` and may have parameters ("/tools/{id}"). The reply has a `status` (200), `headers`, and a
        body as `json` or `text`, after a `delay`. Only calls with the values of `where` are answered, at most `times`.
        No credential is asked for. Raises EmulatorError for an operation that is emulated (use a fault), and for a
        stub that could not answer a call.
        """
        if self._api is None:
            raise EmulatorError('Calls block here: write await emulator.control("POST", "/stubs", {…}).')
        call = given(vendor=self.name, method=method.upper(), path=path, where=where, times=times)
        reply = given(status=status, headers=headers, text=text, delay=delay)
        body = {**call, **reply} if json is NO_BODY else {**call, **reply, "json": json}
        return StubClient(self._api, self._api.request("POST", "/stubs", body)["id"])


class Vendors(Mapping[str, VendorAccess]):
    """How to call each vendor, by name, from their documents: most tests use one of them."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]], api: Api | None) -> None:
        self._documents = documents
        self._api = api
        self._used: dict[str, VendorAccess] = {}

    def __getitem__(self, name: str) -> VendorAccess:
        if name not in self._used:
            if name not in self._documents:
                raise KeyError(unknown("vendor", name, self))
            self._used[name] = _access(name, self._documents[name], self._api)
        return self._used[name]

    def __contains__(self, name: object) -> bool:
        return name in self._documents

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def __repr__(self) -> str:
        return repr(dict(self))


def vendors_of(document: Mapping[str, Any], api: Api | None = None) -> Vendors:
    """Return how to call each vendor, from a sandbox as the control API describes it; `api` is the sandbox's."""
    return Vendors(document["vendors"], api)


def _access(name: str, document: Mapping[str, Any], api: Api | None) -> VendorAccess:
    return VendorAccess(
        name=name,
        title=document["title"],
        url=document["base_url"],
        headers=document["headers"],
        credentials=Credentials(document["credentials"]),
        hosts=tuple(document["hosts"]),
        _api=api,
    )


class VendorAttributes(BuiltInVendors):
    """The vendors of a sandbox: each built-in one is an attribute, too."""

    vendors: Mapping[str, VendorAccess]

    if not TYPE_CHECKING:  # for a type checker, undeclared attributes are errors

        def __getattr__(self, name: str) -> VendorAccess:
            if name not in self._built_in():
                raise self._unknown(name)
            vars(self)[name] = self.vendors[name]
            return self.vendors[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._built_in()})

    def _built_in(self) -> list[str]:
        """Return the names of the attributes that are vendors; none as long as there is no `vendors`."""
        return [name for name in BuiltInVendors.__annotations__ if name in vars(self).get("vendors", ())]

    def _unknown(self, name: str) -> AttributeError:
        """Return the error for an unknown attribute, with the nearest: a vendor or another attribute."""
        vendors = vars(self).get("vendors", {})
        if name in vendors:
            return AttributeError(f"{name} does not come with the emulator; write .vendors[{name!r}]")
        others = (one for one in dir(self) if not one.startswith("_"))
        known = dict.fromkeys([*vendors, *others])
        return AttributeError(unknown("attribute", name, known, "of a sandbox", listed_by="dir()"))
