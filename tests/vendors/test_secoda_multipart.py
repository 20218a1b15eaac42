"""Uploads as Django reads multipart bodies. Each answer was given by Django 5.2 with Django REST framework 3.18."""

from __future__ import annotations

import base64
from tempfile import SpooledTemporaryFile
from typing import Any

import httpx
import pytest

from emulator.transport import parts
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_secoda_dbt import MANIFEST
from tests.vendors.test_secoda_errors import DBT, NO_FILE, UPLOADS, UUID

CSV = b"col_name,database,schema,name\r\na,d,s,t\r\nb,d,s,t\r\n"
PATH = UPLOADS["importMetadata"].path
DISPOSITION = b'Content-Disposition: form-data; name="file"'
HEAD = DISPOSITION + b'; filename="a.csv"'
NO_FILE_AT_ALL = {"file": [NO_FILE]}
NOT_A_FILE = {"file": ["The submitted data was not a file. Check the encoding type on the form."]}


def body(*named: tuple[bytes, bytes], boundary: bytes = b"Bnd", end: bytes = b"--\r\n") -> bytes:
    """Return a body of parts, each a head and a content."""
    delimiter = b"--" + boundary
    return (
        b"".join(delimiter + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in named)
        + delimiter
        + end
    )


def upload(emulator: EmulatorUnderTest, content: bytes, path: str = PATH, boundary: str = "Bnd") -> httpx.Response:
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return emulator.call("secoda", "POST", path, content=content, headers=headers)


def last_sync(emulator: EmulatorUnderTest) -> dict[str, Any]:
    return emulator.records("secoda.syncs")[-1]


TAKEN = {
    "a file": (body((HEAD, CSV)), "a.csv", 3),
    "filename* without quotes": (body((DISPOSITION + b"; filename*=caf.csv", CSV)), "caf.csv", 3),
    "filename* as in RFC 5987": (body((DISPOSITION + b"; filename*=UTF-8''caf%C3%A9.csv", CSV)), "café.csv", 3),
    "base64": (body((HEAD + b"\r\nContent-Transfer-Encoding: base64", base64.b64encode(CSV))), "a.csv", 3),
    "base64 in lines": (body((HEAD + b"\r\nContent-Transfer-Encoding: base64", base64.encodebytes(CSV))), "a.csv", 3),
    "quoted-printable": (body((HEAD + b"\r\nContent-Transfer-Encoding: quoted-printable", CSV)), "a.csv", 3),
    # The data ends there, as RFC 2046 has it: what begins like the delimiter is one.
    "a line --Bndx in the data": (body((HEAD, CSV + b"--Bndx\r\nc,d,s,t")), "a.csv", 3),
    "a preamble": (b"preamble\r\n" + body((HEAD, CSV)), "a.csv", 3),
    "an epilogue": (body((HEAD, CSV)) + b"epilogue\r\n", "a.csv", 3),
    "twice: the last": (body((HEAD, b"x"), (HEAD.replace(b"a.csv", b"b.csv"), CSV)), "b.csv", 3),
    "a file and a field": (body((HEAD, CSV), (DISPOSITION, b"x")), "a.csv", 3),
    "a field and a file": (body((DISPOSITION, b"x"), (HEAD, CSV)), "a.csv", 3),
    "100 files": (body(*[(HEAD, CSV)] * 100), "a.csv", 3),
}


@pytest.mark.parametrize(("content", "filename", "resources"), TAKEN.values(), ids=TAKEN)
def test_bodies_are_parsed_as_by_django(
    emulator: EmulatorUnderTest, content: bytes, filename: str, resources: int
) -> None:
    reply = upload(emulator, content)
    assert (reply.status_code, reply.content) == (200, b"")
    sync = last_sync(emulator)
    assert (sync["status"], sync["files"], sync["resources"]) == ("succeeded", {"file": filename}, resources)


def test_a_boundary_of_71_characters_is_accepted(emulator: EmulatorUnderTest) -> None:
    reply = upload(emulator, body((HEAD, CSV), boundary=b"b" * 71), boundary="b" * 71)
    assert (reply.status_code, last_sync(emulator)["resources"]) == (200, 3)


WORDS = "Multipart form parse error - "
REFUSED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a file name that is empty": (body((DISPOSITION + b'; filename=""', CSV)), NOT_A_FILE),
    "a file name that is empty, as is the file": (body((DISPOSITION + b'; filename=""', b"")), NOT_A_FILE),
    "a plain field": (body((DISPOSITION, CSV)), NOT_A_FILE),
    "a file name that is not UTF-8": (body((DISPOSITION + b'; filename="caf\xe9.csv"', CSV)), NO_FILE_AT_ALL),
    "a file name of an unknown character set": (body((DISPOSITION + b"; filename*=nope''a", CSV)), NO_FILE_AT_ALL),
    "a file name that is a folder": (body((DISPOSITION + b'; filename=".."', CSV)), NO_FILE_AT_ALL),
    "no delimiter at the end": (body((HEAD, CSV))[:-8], NO_FILE_AT_ALL),
    "a head cut short": (body((HEAD, CSV))[:30], NO_FILE_AT_ALL),
    "line ends of LF only": (body((HEAD, CSV)).replace(b"\r\n", b"\n"), NO_FILE_AT_ALL),
    "no multipart body": (b"garbage", NO_FILE_AT_ALL),
    "base64 cut short": (
        body((HEAD + b"\r\nContent-Transfer-Encoding: base64", b"aGVsb")),
        {"detail": f"{WORDS}Could not decode base64 data."},
    ),
    "base64 of no letters": (
        body((HEAD + b"\r\nContent-Transfer-Encoding: base64", b"!!!!")),
        {"file": ["The submitted file is empty."]},
    ),
    "a head beyond a kilobyte": (
        body((HEAD + b"\r\nX: " + b"y" * 2000, CSV)),
        {"detail": f"{WORDS}Request max total header size exceeded."},
    ),
}


@pytest.mark.parametrize(("content", "document"), REFUSED.values(), ids=REFUSED)
def test_a_body_is_refused_as_django_does(
    emulator: EmulatorUnderTest, content: bytes, document: dict[str, Any]
) -> None:
    before = emulator.records("secoda.syncs")
    reply = upload(emulator, content)
    assert (reply.status_code, reply.json()) == (400, document)
    assert emulator.records("secoda.syncs") == before


@pytest.mark.parametrize("operation", UPLOADS)
def test_a_file_name_that_is_not_utf8_is_never_a_file(emulator: EmulatorUnderTest, operation: str) -> None:
    sound = UPLOADS[operation]
    named = [
        (f'Content-Disposition: form-data; name="{name}"'.encode() + b'; filename="\xe9"', b"x") for name in sound.files
    ]
    fields = [
        (f'Content-Disposition: form-data; name="{name}"'.encode(), text.encode())
        for name, text in sound.fields.items()
    ]
    reply = upload(emulator, body(*named, *fields), sound.path)
    assert (reply.status_code, reply.json()) == (400, {name: [NO_FILE] for name in sound.files})


FIELD = b'Content-Disposition: form-data; name="f"'
TOO_MANY = {
    "100,000 fields": body(*[(FIELD, b"x")] * 100_000),
    "1,001 fields": body(*[(FIELD, b"x")] * 1001),
    "101 files": body(*[(HEAD, CSV)] * 101),
    "fields of 3 MB": body((FIELD, b"x" * 3_000_000)),
    "endless delimiters": b"--Bnd" * 100_000,
}


@pytest.mark.parametrize("content", TOO_MANY.values(), ids=TOO_MANY)
def test_more_parts_than_django_reads_are_its_html_page(emulator: EmulatorUnderTest, content: bytes) -> None:
    reply = upload(emulator, content)
    assert (reply.status_code, reply.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "<h1>Bad Request (400)</h1>" in reply.text


INTEGRATION = b'Content-Disposition: form-data; name="integration"'
IN_BASE64 = b"\r\nContent-Transfer-Encoding: base64"


@pytest.mark.parametrize(
    "fields",
    [
        [(INTEGRATION + IN_BASE64, base64.b64encode(DBT.encode()))],
        [(INTEGRATION, b"zz"), (INTEGRATION, DBT.encode())],
        [(INTEGRATION.replace(b'"integration"', b'" integration "'), DBT.encode())],
        [(INTEGRATION, f"urn:uuid:{DBT}".encode())],
        [(INTEGRATION, DBT.replace("-", "").upper().encode())],
    ],
)
def test_a_field_is_read_as_django_does(emulator: EmulatorUnderTest, fields: list[tuple[bytes, bytes]]) -> None:
    manifest = (b'Content-Disposition: form-data; name="manifest_file"; filename="m"', MANIFEST)
    reply = upload(emulator, body(manifest, *fields), "/integration/dbt/manifest/")
    assert (reply.status_code, last_sync(emulator)["integration_id"]) == (200, DBT)


def test_a_field_that_is_not_base64_stays_as_it_is(emulator: EmulatorUnderTest) -> None:
    manifest = (b'Content-Disposition: form-data; name="manifest_file"; filename="m"', MANIFEST)
    reply = upload(emulator, body(manifest, (INTEGRATION + IN_BASE64, b"!")), "/integration/dbt/manifest/")
    assert (reply.status_code, reply.json()) == (400, {"integration": [UUID]})


def test_parts_stay_in_memory_up_to_a_megabyte_together(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    spooled = SpooledTemporaryFile

    def noting(max_size: int) -> Any:
        sizes.append(max_size)
        return spooled(max_size=max_size)

    monkeypatch.setattr(parts, "SpooledTemporaryFile", noting)
    large = CSV + b"c,d,s,t\r\n" * 80_000
    upload(emulator, body((HEAD, large), (HEAD, large), (HEAD, CSV)))
    assert sizes == [parts.SPOOL, parts.SPOOL - len(large), 1]


@pytest.mark.parametrize(("rights", "status"), [(None, 401), ("expired", 401), ("read", 403)])
@pytest.mark.parametrize("operation", UPLOADS)
def test_the_credential_is_checked_before_the_body(
    emulator: EmulatorUnderTest, operation: str, rights: str | None, status: int
) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    path = UPLOADS[operation].path
    reply = emulator.call("secoda", "POST", path, rights=rights, content=b"no boundary", headers=headers)
    assert reply.status_code == status
