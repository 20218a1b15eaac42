"""Reads Postman collections (2.0, 2.1): requests in folders, with variables and saved responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from emulator.exchange import FORM, JSON, MULTIPART
from emulator.recorded.calls import Message, RecordedCall, listed, mapping, media_type, pairs, recorded_call, text

_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_HOST = re.compile(r"(?:https?:)?//[^/]*|(?:\{\{[^{}]+\}\}|[\w-]+(?:\.[\w-]+)+(?::\d+)?|localhost(?::\d+)?)(?=/|$)")
_LANGUAGES = {"json": JSON, "html": "text/html", "xml": "application/xml", "text": "text/plain"}
_HIDDEN = "***"


def is_postman(document: Any) -> bool:
    """Return True for a collection of any version that has `item`."""
    return "item" in mapping(document) and "postman" in text(mapping(mapping(document).get("info")).get("schema"))


def title_of(document: Any) -> str:
    """Return the name of a collection."""
    return text(document["info"].get("name"))


def calls_in(document: Any) -> Iterator[RecordedCall]:
    """Yield the requests of a collection, once for each saved response, or once without one."""
    values = {text(one.get("key", one.get("id"))): text(one.get("value")) for one in listed(document.get("variable"))}
    yield from _Folder("", values, mapping(document.get("auth"))).calls(document)


@dataclass(frozen=True)
class _Folder:
    """Where a request is: the names above it, the values of variables, and how requests authenticate."""

    path: str
    values: Mapping[str, str]
    auth: Mapping[str, Any]

    def calls(self, folder: Mapping[str, Any]) -> Iterator[RecordedCall]:
        for item in listed(folder.get("item")):
            place = f"{self.path}{text(item.get('name'))}"
            auth = mapping(item.get("auth")) or self.auth
            if "item" in item:
                yield from _Folder(f"{place} / ", self.values, auth).calls(item)
                continue
            yield from _Folder(place, self.values, auth).of_request(item)

    def of_request(self, item: Mapping[str, Any]) -> Iterator[RecordedCall]:
        request = item.get("request")
        responses = listed(item.get("response"))
        for response in responses:
            asked = response.get("originalRequest") or request
            yield self._call(f"{self.path} / {text(response.get('name'))}", asked, response)
        if not responses:
            yield self._call(self.path, request, {})

    def _call(self, place: str, given: Any, response: Mapping[str, Any]) -> RecordedCall:
        request = {"url": given, "method": "GET"} if isinstance(given, str) else mapping(given)
        headers = {name: self._filled(value) for name, value in pairs(request.get("header"), "key").items()}
        auth = mapping(request.get("auth")) or self.auth
        code = response.get("code")
        url, _, query = self._url(request.get("url")).partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True)) | _presented(auth, "query")
        return recorded_call(
            place,
            text(request.get("method")) or ("GET" if request else ""),
            url,
            headers | _presented(auth, "header"),
            asked,
            self._sent(mapping(request.get("body")), headers),
            code if isinstance(code, int) else 0,
            _replied(response),
        )

    def _url(self, url: Any) -> str:
        """Return a URL with the values of variables; a segment without one is a parameter: "{petId}"."""
        raw = url if isinstance(url, str) else text(mapping(url).get("raw"))
        raw = self._filled(raw.partition("#")[0])
        host = _HOST.match(raw)
        start, rest = (host[0], raw[host.end() :]) if host else ("", raw)
        path, mark, query = rest.partition("?")
        segments = [f"{{{one[1:]}}}" if one.startswith(":") and one != ":" else one for one in path.split("/")]
        segments = [_VARIABLE.sub(lambda found: f"{{{_name(found[1])}}}", one) for one in segments]
        known = start if _VARIABLE.search(start) is None else ""
        origin = known if not known or "//" in known else f"https://{known}"
        return f"{origin}{'/'.join(segments)}{mark}{query}"

    def _filled(self, written: str) -> str:
        for _ in range(5):
            filled = _VARIABLE.sub(lambda found: self.values.get(found[1]) or found[0], written)
            if filled == written:
                break
            written = filled
        return written

    def _sent(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Message:
        named = {name.lower(): value for name, value in headers.items()}
        kind, mode = media_type(named.get("content-type")), text(body.get("mode"))
        if mode == "urlencoded":
            return Message(FORM, urlencode(pairs(body.get(mode), "key")))
        if mode == "formdata":
            return Message(MULTIPART, "")
        if mode == "graphql":
            asked = mapping(body.get(mode))
            return Message(JSON, orjson.dumps({"query": asked.get("query"), "variables": {}}).decode())
        language = text(mapping(mapping(body.get("options")).get("raw")).get("language"))
        return Message(kind or _LANGUAGES.get(language, ""), self._filled(text(body.get("raw"))))


def _name(variable: str) -> str:
    return re.sub(r"\W+", "_", variable).strip("_") or "value"


def _replied(response: Mapping[str, Any]) -> Message:
    headers = {name.lower(): value for name, value in pairs(response.get("header"), "key").items()}
    language = _LANGUAGES.get(text(response.get("_postman_previewlanguage")), "")
    return Message(media_type(headers.get("content-type")) or language, text(response.get("body")))


def _presented(auth: Mapping[str, Any], place: str) -> dict[str, str]:
    """Return how a credential is presented in the headers, or in the query: never the credential itself."""
    kind = text(auth.get("type"))
    given = auth.get(kind)
    settings = pairs(given, "key") if isinstance(given, list) else mapping(given)
    if kind == "apikey":
        name = text(settings.get("key")) or "X-API-Key"
        return {name: _HIDDEN} if (text(settings.get("in")) or "header") == place else {}
    scheme = {"basic": "Basic", "bearer": "Bearer", "oauth2": "Bearer"}.get(kind)
    return {"Authorization": f"{scheme} {_HIDDEN}"} if scheme and place == "header" else {}
