"""An integration as a file: a signed link, and the zip archive behind it."""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import secrets
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Final
from urllib.parse import quote, urlencode

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply
from emulator.json_text import stringify
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import INTEGRATIONS, SCRIPTS
from emulator.vendors.celigo.errors import error, refusal
from emulator.vendors.celigo.records import connections_of, exports_of, find, flows_of, imports_of, values_of

handlers = Handlers()

BUCKET: Final = "integrator-templates"
ACCESS_KEY: Final = "AKIAINTEGRATIONEMULA"
SECRET: Final = secrets.token_bytes(32)
"""The key of this process for signatures: links from another process are refused."""

SECONDS: Final = re.compile("[0-9]{1,18}")

LIFETIME: Final = 15 * 60
"""How many seconds a link is valid: the default of Amazon's SDK (assumed)."""

INCOMPLETE: Final = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)


@handlers.operation("downloadTemplate")
@handlers.operation("getTemplate")
def get_template(call: Call, world: World) -> Reply:
    """Return a link to the integration's archive.

    Celigo documentation, Integration API endpoints, Download an integration: its path, and that of its example.
    """
    integration = find(world, call.params["_id"])
    if "_connectorId" in integration:
        raise refusal(422, error("template_not_supported", "An integration app cannot be downloaded."))
    key, expires = f"{integration['_id']}.zip", str(int(world.now.timestamp()) + LIFETIME)
    query = urlencode(
        {"AWSAccessKeyId": ACCESS_KEY, "Expires": expires, "Signature": signature(world.sandbox, key, expires)}
    )
    return Reply(200, {"signedURL": f"{call.public_url}/{BUCKET}/{quote(key)}?{query}", "key": key})


@handlers.long_operation("getTemplateFile")
def get_template_file(call: Call, world: World) -> Reply:
    """Serve the archive for a signed link that has not expired. Refuses in the words of Amazon S3."""
    key = call.params["key"]
    access_key, expires, given = (call.params.get(name, "") for name in ("AWSAccessKeyId", "Expires", "Signature"))
    if not (access_key and expires and given):
        raise _refused(403, "AccessDenied", INCOMPLETE)
    if access_key != ACCESS_KEY:
        raise _refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if not SECONDS.fullmatch(expires):
        raise _refused(403, "AccessDenied", f"Invalid date (should be seconds since epoch): {expires}")
    if not hmac.compare_digest(given.encode(), signature(world.sandbox, key, expires).encode()):
        raise _refused(403, "SignatureDoesNotMatch", MISMATCH)
    if int(expires) < world.now.timestamp():
        raise _refused(403, "AccessDenied", "Request has expired")
    integration = world[INTEGRATIONS].get(key.removesuffix(".zip"))
    if integration is None:
        raise _refused(404, "NoSuchKey", "The specified key does not exist.")
    return Reply(200, content=_archive(world, integration), content_type="application/zip")


def signature(sandbox: str, key: str, expires: str) -> str:
    """Return the signature of a link to `key` in a sandbox that is valid until `expires`, in seconds since 1970."""
    digest = hmac.new(SECRET, f"GET\n{sandbox}\n{expires}\n/{BUCKET}/{key}".encode(), hashlib.sha1)
    return b64encode(digest.digest()).decode()


def _refused(status: int, code: str, message: str) -> Refusal:
    text = f"<Error><Code>{code}</Code><Message>{escape(message, quote=False)}</Message></Error>"
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Refusal(Reply(status, content=content, content_type="application/xml"))


def _archive(world: World, integration: Record) -> bytes:
    """Return a zip archive with one JSON file per resource; the same records give the same archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, record in _files(world, integration):
            name = zipfile.ZipInfo(f"{folder}/{record['_id']}.json")
            archive.writestr(name, stringify(record, indent="  "))
    return content.getvalue()


def _files(world: World, integration: Record) -> Iterator[tuple[str, Record]]:
    yield "integrations", integration
    parts = {"flows": flows_of, "exports": exports_of, "imports": imports_of, "connections": connections_of}
    found = {folder: part(world, integration) for folder, part in parts.items()}
    for folder, records in found.items():
        for record in records:
            yield folder, record
    scripts = dict.fromkeys(values_of([integration, *found["flows"]], "_scriptId"))
    yield from (("scripts", script) for id in scripts if (script := world[SCRIPTS].get(id)))
