"""The work that is measured under load: requests that all differ, as those of users do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.benchmarks.connection import Request

NUMBER = "################"
"""A placeholder that wrk replaces in each request by different hexadecimal digits."""

TRACED = {"traceparent": f"00-{'0' * 16}{NUMBER}-{NUMBER}-01"}
"""A header that differs in each request, as clients with tracing send it (W3C Trace Context)."""

JSON = {"Content-Type": "application/json"}
SECODA = {"Authorization": "Bearer secoda-token", "Accept": "application/json", **TRACED}
PARADIME = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret", **JSON, **TRACED}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
GRAPHQL = "/paradime/graphql"
IDS = 500
"""How many integrations can be read by id."""

LIST = Request("GET", f"{INTEGRATIONS}?page_size=10", SECODA)
NEW = {
    "name": f"Sample Integration {NUMBER}",
    "type": "custom",
    "teams": ["4c0e07c0-306a-4f4e-8b2b-6a8d7a33d251", "a5423e2e-93b8-4b2c-af3c-7b7f0eefea14"],
    "credentials": {},
}
CREATE = Request("POST", INTEGRATIONS, {**SECODA, **JSON}, json.dumps(NEW).encode(), 201, ("Sample Integration",))
REFUSED = Request("POST", INTEGRATIONS, {**SECODA, **JSON}, b'{"name": []}', status=400)

DOCUMENTS = (
    "query One($logo: Boolean!) {listCustomIntegrations {ok integrations {uid name logoBase64 @include(if: $logo)"
    " isActive nodeTypes {nodeType iconName color}}}}",
    "query Two($logo: Boolean!) {all: listCustomIntegrations {integrations {...shown logoBase64 @include(if: $logo)}}}"
    " fragment shown on CustomIntegration {uid name isActive nodeTypes {nodeType iconName color}}",
    "query Three($logo: Boolean = true) {listCustomIntegrations {ok integrations {uid label: name"
    " logoBase64 @include(if: $logo) isActive nodeTypes {kind: nodeType color}}}}",
    "query Four($logo: Boolean!) {listCustomIntegrations {ok integrations {... @include(if: $logo) {logoBase64}"
    " uid name isActive nodeTypes {nodeType iconName color}}}}",
    "query Five($logo: Boolean!) {listCustomIntegrations {__typename integrations {__typename uid name"
    " logoBase64 @skip(if: $logo) isActive nodeTypes {nodeType}}}}",
)
"""Five ways to list Paradime's integrations."""


def graphql(document: str, logo: bool) -> Request:
    """Run a document with a variable that it uses, and an unused one that differs each time."""
    body = {"query": document, "variables": {"logo": logo, "request": NUMBER}}
    return Request("POST", GRAPHQL, PARADIME, json.dumps(body).encode(), holds=("uid",))


GRAPHQL_LISTS = tuple(graphql(document, logo) for logo in (True, False) for document in DOCUMENTS)


def get(id: str) -> Request:
    """Get one integration."""
    return Request("GET", f"{INTEGRATIONS}/{id}", SECODA, holds=(id,))


def works(ids: Sequence[str], first_ten: Sequence[str]) -> Mapping[str, Sequence[Request]]:
    """Return the requests of each work; they are sent in turn."""
    listing = replace(LIST, holds=tuple(first_ten))
    gets = tuple(map(get, ids))
    return {
        "list": (listing,),
        "get": gets,
        "mixed": mixed(listing, gets, CREATE),
        "create": (CREATE,),
        "graphql": GRAPHQL_LISTS,
    }


def mixed(listing: Request, gets: Sequence[Request], create: Request) -> Sequence[Request]:
    """Return five lists, four gets and a creation, repeated until each get is included."""
    fours = [gets[start : start + 4] for start in range(0, len(gets), 4)]
    return [one for four in fours for one in (listing, *four, *[listing] * 4, create)]


def in_sandbox(name: str, request: Request) -> Request:
    """Return the same request to a sandbox, which is named in the path."""
    return replace(request, path=f"/~{name}{request.path}")
