"""A stub: a reply to calls of a method and a path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from emulator.contract.routes import Routes
from emulator.exchange import Document, Nothing, Record, Reply
from emulator.faults.rule import Delay
from emulator.matching.where import Where

TEXT_TYPE = "text/plain; charset=utf-8"


class Stub(NamedTuple):
    """A reply to calls of a method and a path below the vendor's base URL, with the values of `where`.

    At most `times` calls are answered. `json` and `text` are the body, NOTHING if there is none; `document` is what it
    was made from.
    """

    id: str
    vendor: str
    method: str
    path: str
    routes: Routes
    where: Where
    times: float
    status: int
    headers: Mapping[str, str]
    json: Document | Nothing
    text: str | Nothing
    delay: Delay | None
    document: Record

    @property
    def name(self) -> str:
        """Return "GET /tools/{id}"."""
        return f"{self.method} {self.path}"

    @property
    def params(self) -> Sequence[str]:
        """Return the names of the parameters in the path."""
        return [segment[1:-1] for segment in self.path.split("/") if segment.startswith("{")]

    def reply(self) -> Reply:
        """Return the reply."""
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-type"}
        kind = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        if isinstance(self.text, str):
            return Reply(self.status, headers=headers, content=self.text.encode(), content_type=kind or TEXT_TYPE)
        return Reply(self.status, self.json, headers, content_type=kind)
