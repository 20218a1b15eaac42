"""Paradime documentation, Custom Integration API: its requests, as printed but for endpoint and credentials."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.conftest import EmulatorUnderTest

# Custom Integration API, Registering a New Integration, GraphQL.
CREATE_IN_PYTHON = '''
import requests
import os

# API credentials
api_endpoint = "<YOUR_API_ENDPOINT>"
api_key = "<YOUR_API_KEY>"
api_secret = "<YOUR_API_SECRET>"

graphql_query = """
mutation {
  addCustomIntegration(
    logoUrl: "https://example.com/logo.png"
    name: "Sample Integration"
    nodeTypes: [
      {
        nodeType: "Type1"
        iconName: "icon1"
        color: CYAN
      }
      {
        nodeType: "Type2"
        iconName: "icon2"
        color: VIOLET
      }
    ]
  ) {
    ok
    integrationUid
  }
}
  """

response = requests.post(api_endpoint, json={"query": graphql_query}, headers={
      "Content-Type": "application/json",
      "X-API-KEY": api_key,
      "X-API-SECRET": api_secret,
  })

print(response.json())
'''

# Custom Integration API, List Custom Integrations, GraphQL.
LIST_IN_PYTHON = '''
import requests
import os

# API credentials
api_endpoint = "<YOUR_API_ENDPOINT>"
api_key = "<YOUR_API_KEY>"
api_secret = "<YOUR_API_SECRET>"

graphql_query = """
query {
  listCustomIntegrations {
    ok
    integrations {
      uid
      name
      logoBase64
      isActive
      nodeTypes {
        nodeType
        iconName
        color
      }
    }
  }
}
  """

response = requests.post(api_endpoint, json={"query": graphql_query}, headers={
      "Content-Type": "application/json",
      "X-API-KEY": api_key,
      "X-API-SECRET": api_secret,
  })

print(response.json())
'''

# Custom Integration API, Registering a New Integration, cURL.
CREATE_BY_CURL = """{
       "query": "mutation AddCustomIntegration($logoUrl: String!, $name: String!, $nodeTypes: [NodeTypeInput!]!) \
{ addCustomIntegration(logoUrl: $logoUrl, name: $name, nodeTypes: $nodeTypes) { ok integrationUid } }",
       "variables": {
         "logoUrl": "https://example.com/logo.png",
         "name": "Sample Integration",
         "nodeTypes": [
           {
             "nodeType": "Type1",
             "iconName": "icon1",
             "color": "CYAN"
           },
           {
             "nodeType": "Type2",
             "iconName": "icon2",
             "color": "VIOLET"
           }
         ]
       }
     }"""

# Custom Integration API, List Custom Integrations, cURL.
LIST_BY_CURL = """{
       "query": "query ListCustomIntegrations { listCustomIntegrations { ok integrations { uid name logoBase64 \
isActive nodeTypes { nodeType iconName color } } } }"
     }"""

# Custom Integration API, List Custom Integrations, Example response.
PRINTED_INTEGRATIONS = [
    {
        "uid": "abc123",
        "name": "Sample Integration 1",
        "logoBase64": "base64encodedlogoimage",
        "isActive": True,
        "nodeTypes": [
            {"nodeType": "NodeType1", "iconName": "icon1", "color": "CYAN"},
            {"nodeType": "NodeType2", "iconName": "icon2", "color": "VIOLET"},
        ],
    },
    {
        "uid": "def456",
        "name": "Sample Integration 2",
        "logoBase64": "base64encodedlogoimage",
        "isActive": False,
        "nodeTypes": [{"nodeType": "NodeType3", "iconName": "icon3", "color": "GREEN"}],
    },
]


SPACED = {
    "requests.post(": "requests . post (",
    'json={"query": graphql_query}, headers={': 'json = { "query" : graphql_query}, headers = {',
    '"Content-Type": "application/json",': '"Content-Type" : "application/json" ,',
    '"X-API-KEY":': '"X-API-KEY" :',
    '"X-API-SECRET":': '"X-API-SECRET" :',
    "print(response.json())": "print (response. json ())",
}


def as_rendered(program: str) -> str:
    """Return the program as the rendered page prints it: not indented, with spaces where the page had markup."""
    program = "\n".join(line.strip() for line in program.splitlines() if line.strip())
    for plain, spaced in SPACED.items():
        program = program.replace(plain, spaced)
    return program


PROGRAMS: dict[str, Callable[[str], str]] = {"rendered page": as_rendered, "Markdown": str}


def run_program(program: str, emulator: EmulatorUnderTest, capsys: pytest.CaptureFixture[str]) -> Any:
    credentials = emulator.headers("paradime")
    program = program.replace("<YOUR_API_ENDPOINT>", emulator.url("paradime"))
    program = program.replace("<YOUR_API_KEY>", credentials["X-API-KEY"])
    program = program.replace("<YOUR_API_SECRET>", credentials["X-API-SECRET"])
    exec(program, {})
    return ast.literal_eval(capsys.readouterr().out)


def post_as_curl_does(body: str, emulator: EmulatorUnderTest) -> httpx.Response:
    return emulator.call(
        "paradime",
        "POST",
        content=body.encode(),
        headers={"Content-Type": "application/json", "User-Agent": "curl/8.5.0"},
    )


def is_printed_creation(answer: Any) -> bool:
    """Return True if the reply is the printed one, except for the uid, which the server chooses."""
    uid = answer["data"]["addCustomIntegration"].pop("integrationUid")
    return bool(UUID(uid)) and answer == {"data": {"addCustomIntegration": {"ok": True}}}


@pytest.mark.parametrize("printed", PROGRAMS)
def test_python_sample_creates_an_integration(
    printed: str, emulator: EmulatorUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert is_printed_creation(run_program(PROGRAMS[printed](CREATE_IN_PYTHON), emulator, capsys))


@pytest.mark.parametrize("printed", PROGRAMS)
def test_python_sample_lists_the_printed_integrations_first(
    printed: str, emulator: EmulatorUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    response = run_program(PROGRAMS[printed](LIST_IN_PYTHON), emulator, capsys)
    assert list(response) == ["data"]
    assert response["data"]["listCustomIntegrations"]["ok"] is True
    assert response["data"]["listCustomIntegrations"]["integrations"][:2] == PRINTED_INTEGRATIONS
    assert len(response["data"]["listCustomIntegrations"]["integrations"]) == 3


def test_curl_sample_creates_an_integration_although_it_names_an_unknown_type(emulator: EmulatorUnderTest) -> None:
    response = post_as_curl_does(CREATE_BY_CURL, emulator)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert is_printed_creation(response.json())


def test_curl_sample_lists_the_printed_integrations_first(emulator: EmulatorUnderTest) -> None:
    response = post_as_curl_does(LIST_BY_CURL, emulator)
    assert response.status_code == 200
    assert response.json()["data"]["listCustomIntegrations"]["integrations"][:2] == PRINTED_INTEGRATIONS


def test_all_printed_creations_create_the_same_integration(
    emulator: EmulatorUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    run_program(CREATE_IN_PYTHON, emulator, capsys)
    post_as_curl_does(CREATE_BY_CURL, emulator)
    integrations = post_as_curl_does(LIST_BY_CURL, emulator).json()["data"]["listCustomIntegrations"]["integrations"]
    by_python, by_curl = ({**integration, "uid": ""} for integration in integrations[3:])
    assert by_python == by_curl
    assert by_python["name"] == "Sample Integration"
    assert by_python["isActive"] is True
    assert by_python["nodeTypes"] == json.loads(CREATE_BY_CURL)["variables"]["nodeTypes"]


def test_curl_sample_fails_validation_without_the_documented_type_name(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.docs_type_names", False)
    response = post_as_curl_does(CREATE_BY_CURL, emulator)
    assert response.status_code == 200
    assert list(response.json()) == ["errors"]
    assert response.json()["errors"][0]["message"].startswith("Unknown type 'NodeTypeInput'.")


def test_the_contract_contains_the_printed_calls(emulator: EmulatorUnderTest) -> None:
    body = emulator.catalogue.contracts["paradime"].operations["executeGraphql"].body
    assert body is not None
    examples = body.media["application/json"].examples
    assert examples["addCustomIntegrationCurl"] == json.loads(CREATE_BY_CURL)
    assert examples["listCustomIntegrationsCurl"] == json.loads(LIST_BY_CURL)
    assert examples["addCustomIntegration"]["query"].split() == CREATE_IN_PYTHON.split('"""')[1].split()
    assert examples["listCustomIntegrations"]["query"].split() == LIST_IN_PYTHON.split('"""')[1].split()
