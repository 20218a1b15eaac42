"""Celigo's integrations as files."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.vendors.celigo.templates import ACCESS_KEY, signature
from tests.conftest import EmulatorUnderTest
from tests.control import controlled
from tests.vendors.test_celigo_integrations import INSTALLING, PLAIN, SCRIPT, SHOP, errors, get


def link(emulator: EmulatorUnderTest, id: str) -> httpx.URL:
    return httpx.URL(emulator.call("celigo", "GET", f"/integrations/{id}/template").json()["signedURL"])


def test_the_link_is_on_the_host_and_path_that_the_caller_used(emulator: EmulatorUnderTest) -> None:
    assert str(link(emulator, PLAIN)).startswith(f"{emulator.url('celigo')}/integrator-templates/{PLAIN}.zip?")


def test_get_and_post_reply_alike(emulator: EmulatorUnderTest) -> None:
    got, posted = (
        emulator.call("celigo", method, f"/integrations/{PLAIN}/template").json() for method in ("GET", "POST")
    )
    assert got.keys() == posted.keys()
    assert got["key"] == posted["key"]


def test_the_archive_contains_the_integration_and_its_content(emulator: EmulatorUnderTest) -> None:
    response = httpx.get(link(emulator, SHOP))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    folders = [name.partition("/")[0] for name in archive.namelist()]
    assert {folder: folders.count(folder) for folder in folders} == {
        "integrations": 1,
        "flows": 3,
        "exports": 3,
        "imports": 2,
        "connections": 3,
        "scripts": 1,
    }
    assert json.loads(archive.read(f"integrations/{SHOP}.json")) == get(emulator, SHOP)
    assert json.loads(archive.read(f"scripts/{SCRIPT}.json"))["name"] == "Shop settings"
    assert response.content == httpx.get(link(emulator, SHOP)).content


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Signature": "wrong"}, "SignatureDoesNotMatch"),
        ({"Signature": "ü"}, "SignatureDoesNotMatch"),
        ({"Expires": "4102444800"}, "SignatureDoesNotMatch"),
        ({"Expires": "soon"}, "AccessDenied"),
        ({"Signature": ""}, "AccessDenied"),
        ({"AWSAccessKeyId": ""}, "AccessDenied"),
        ({"AWSAccessKeyId": "AKIAOTHER"}, "InvalidAccessKeyId"),
    ],
)
def test_a_link_that_was_changed_is_refused(emulator: EmulatorUnderTest, change: dict[str, str], code: str) -> None:
    response = httpx.get(link(emulator, PLAIN).copy_merge_params(change))
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/xml"
    assert f"<Code>{code}</Code>" in response.text


def test_a_link_expires_a_quarter_of_an_hour_after_it_was_made(emulator: EmulatorUnderTest) -> None:
    before = int(time.time())
    fresh = link(emulator, PLAIN)
    assert before + 900 <= int(fresh.params["Expires"]) <= time.time() + 900
    old = str(int(time.time()) - 1)
    expired = fresh.copy_merge_params({"Expires": old, "Signature": signature("default", f"{PLAIN}.zip", old)})
    response = httpx.get(expired)
    assert response.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in response.text


def test_a_link_without_its_query_is_refused(emulator: EmulatorUnderTest) -> None:
    assert httpx.get(link(emulator, PLAIN).copy_with(query=None)).status_code == 403


INCOMPLETE = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        (None, INCOMPLETE),
        ("", INCOMPLETE),
        *(
            (text, f"Invalid date (should be seconds since epoch): {text}")
            for text in ("abc", "9" * 5000, "-1", "1e9", " 4102444800", "٤")
        ),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_signed_link_without_a_time_is_refused(
    emulator: EmulatorUnderTest, expires: str | None, message: str
) -> None:
    query = {"AWSAccessKeyId": ACCESS_KEY, "Signature": signature("default", f"{PLAIN}.zip", expires or "")}
    if expires is not None:
        query["Expires"] = expires
    response = httpx.get(link(emulator, PLAIN).copy_with(params=query))
    assert response.status_code == 403
    assert f"<Code>AccessDenied</Code><Message>{message}</Message>" in response.text


def test_a_link_is_good_for_its_own_sandbox_only(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, control):
        links = {}
        for name in ("t1", "t2"):
            control.sandbox(name=name)
            url = f"{control.url}/~{name}/celigo/v1/integrations/{PLAIN}/template"
            headers = {"Authorization": "Bearer celigo-token"}
            links[name] = control.client.get(url, headers=headers).json()["signedURL"]
            assert control.client.get(links[name]).status_code == 200
        other = control.client.get(links["t1"].replace("/~t1/", "/~t2/"))
        assert (other.status_code, "<Code>SignatureDoesNotMatch</Code>" in other.text) == (403, True)


@pytest.mark.parametrize(
    ("root", "headers"),
    [
        ("/celigo", {"Authorization": "Bearer celigo-token.named"}),
        ("/celigo", {"Authorization": "Bearer celigo-token", "X-Emulator-Sandbox": "named"}),
        ("/~named/celigo", {"Authorization": "Bearer celigo-token"}),
        ("/%7Enamed/celigo", {"Authorization": "Bearer celigo-token"}),
        ("", {"Authorization": "Bearer celigo-token.named", "Host": "api.integrator.io"}),
    ],
)
def test_a_link_leads_to_the_sandbox_that_was_called(catalogue: Catalogue, root: str, headers: dict[str, str]) -> None:
    with controlled(catalogue) as (_, control):
        control.sandbox(name="named")
        integration = {"Content-Type": "application/json", **headers}
        url = f"{control.url}{root}/v1/integrations"
        made = control.client.post(url, headers=integration, json={"name": "Only there"}).json()
        found = httpx.URL(control.client.get(f"{url}/{made['_id']}/template", headers=headers).json()["signedURL"])
        host = {name: value for name, value in headers.items() if name == "Host"}
        response = control.client.get(f"{control.url}{found.raw_path.decode()}", headers=host)
        assert response.status_code == 200
        archive = zipfile.ZipFile(io.BytesIO(response.content))
        assert json.loads(archive.read(f"integrations/{made['_id']}.json"))["name"] == "Only there"


def test_another_process_signs_with_another_key() -> None:
    text = "from emulator.vendors.celigo.templates import signature; print(signature('default', 'a.zip', '1'))"
    other = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert other.stdout.strip() != signature("default", "a.zip", "1")


def test_a_link_is_good_for_its_own_integration_only(emulator: EmulatorUnderTest) -> None:
    one = link(emulator, PLAIN)
    assert httpx.get(one.copy_with(path=one.path.replace(PLAIN, SHOP))).status_code == 403


def test_deleting_the_integration_deletes_the_file(emulator: EmulatorUnderTest) -> None:
    one = link(emulator, PLAIN)
    emulator.call("celigo", "DELETE", f"/integrations/{PLAIN}")
    response = httpx.get(one)
    assert response.status_code == 404
    assert "<Code>NoSuchKey</Code>" in response.text


def test_an_installed_app_cannot_be_downloaded(emulator: EmulatorUnderTest) -> None:
    for method in ("GET", "POST"):
        response = emulator.call("celigo", method, f"/integrations/{INSTALLING}/template")
        assert response.status_code == 422
        assert errors(response)[0]["code"] == "template_not_supported"
