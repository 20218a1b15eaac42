"""Pages that need no template: those of JSON:API, and those of a vendor's own Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.catalogue import read_own
from emulator.errors import ContractError
from tests.own_vendor import served, written
from tests.test_declared import LISTED, filled, paged

JSON_API = {"type": "object", "required": ["data"], "properties": {"data": LISTED, "links": {"type": "object"}}}


def titles(reply: Any) -> list[str]:
    return [one["title"] for one in reply["data"]]


def test_json_api_links_other_pages(tmp_path: Path) -> None:
    names = {"page[number]": "integer", "page[size]": "integer", "sort": "string"}
    with served(tmp_path, paged("jsonapi", names, JSON_API)) as client:
        filled(client)
        first = client.get("/tasks", params={"page[size]": 2, "sort": "-title"}).json()
        assert (titles(first), first["links"]["prev"]) == (["T4", "T3"], None)
        second = client.get(first["links"]["next"]).json()
        assert titles(second) == ["T2", "T1"]
        assert titles(client.get(second["links"]["last"]).json()) == ["T0"]
        assert client.get(second["links"]["prev"]).json()["data"] == first["data"]


def test_json_api_may_have_cursors(tmp_path: Path) -> None:
    with served(tmp_path, paged("jsonapi", {"page[after]": "string", "page[size]": "integer"}, JSON_API)) as client:
        filled(client)
        first = client.get("/tasks", params={"page[size]": 3}).json()
        second = client.get(first["links"]["next"]).json()
        assert (titles(second), second["links"]["next"]) == (["T3", "T4"], None)


HOOK = """
from emulator.exchange import Reply
from emulator.vendor import Hooks

hooks = Hooks()


@hooks.paging("torn")
def torn(world, call, records):
    page = int(call.params.get("page", 1))
    return Reply(200, {"data": records[2 * page - 2 : 2 * page], "total": len(records)})
"""


def test_page_may_be_a_function(tmp_path: Path) -> None:
    document = paged("torn", {"page": "integer", "title": "string"}, JSON_API)
    with served(tmp_path, document, {"vendor.py": HOOK}) as client:
        filled(client)
        second = client.get("/tasks?page=2").json()
        assert (titles(second), second["total"]) == (["T2", "T3"], 5)
        assert client.get("/tasks?title=T4").json()["total"] == 1
        assert "secret" not in second["data"][0]


@pytest.mark.parametrize(
    ("paging", "root", "sentence"),
    [
        ("torm", None, "unknown strategy 'torm'. Did you mean 'torn'? Known strategies: torn, page, offset"),
        ("none", None, "acme/vendor.py: unknown paging 'torn' of a hook."),
        ("torn", {"torn": {"parameters": {"page": "page"}}}, "'torn' is a hook, too; keep one"),
    ],
)
def test_function_that_no_operation_or_a_second_strategy_names_is_refused(
    tmp_path: Path, paging: str, root: Any, sentence: str
) -> None:
    home = written(tmp_path, paged(paging, {"page": "integer"}, JSON_API, root), {"vendor.py": HOOK}) / "acme"
    with pytest.raises(ContractError) as refused:
        read_own(home, "acme")
    assert sentence in str(refused.value).replace(f"{home.parent}/", "")
