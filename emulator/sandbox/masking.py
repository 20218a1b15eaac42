"""Masks credentials in what the journal keeps: headers, query, paths and bodies, found by their names.

Most bodies hold no name of a credential: a few searches tell so, and only the others are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias
from urllib.parse import quote_plus, unquote_plus

import orjson

from emulator.exchange import NOTHING, Violation

MASK: Final = "***"
QUOTED_MASK: Final = f'"{MASK}"'
FORM = "application/x-www-form-urlencoded"

NAME = r"authorization|cookie|(?:api|access|private)[-_ ]{0,2}key|secret|token|passw|credential|signature"
SCHEME = r"(?:bearer|basic|digest|token|apikey|negotiate|oauth)\s"

_NAME = re.compile(NAME)
_HINTS = (b"token", b"secret", b"passw", b"credential", b"authorization", b"signature", b"cookie", b"key")
_KINDS_OF_KEY = (b"api", b"access", b"private")
_ESCAPED_LETTER = re.compile(rb"\\u00(?:2d|[4-7])", re.IGNORECASE)
_SCHEME = re.compile(SCHEME, re.IGNORECASE)

_PAIR = re.compile(
    rf"((?:{NAME})[\w.$-]{{0,64}}\\*[\"']?\]?\s{{0,8}}(?:[:=>]|got invalid value)\s{{0,8}}\[?(?:{SCHEME})?)"
    r"(?:((?:\\*\"){3}|\\*[\"'])(.*?)(?:(?<!\\)\2|\Z)"  # 2: the quote before the value, 3: the value in quotes
    r"|(?!(?:null|true|false)\b)[^\s\"'\\,;&(){}\[\]<>]+)",
    re.IGNORECASE | re.DOTALL,
)

_BLANK = b" \t\r\n\xef\xbb\xbf"  # the last three: a byte order mark

HARMLESS_BYTES = 1024**2
"""So much of bodies without credentials is remembered."""

SecretPaths: TypeAlias = Sequence[Sequence[str]]
"""Templates of paths in which a credential stands, each as its segments."""


class _Verdicts(dict[str, bool]):
    """Whether a name is a credential's, remembered for the names that come up."""

    def __missing__(self, name: str) -> bool:
        verdict = _NAME.search(name.lower()) is not None
        if len(name) <= 64 and len(self) < 10_000:
            self[name] = verdict
        return verdict


_VERDICTS = _Verdicts()


class _HarmlessBodies:
    """Bodies that hold no credential: many come again, as each write makes all reads be answered anew."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[bytes, str], bytes] = {}
        self._size = 0

    def find(self, body: bytes, content_type: str) -> bytes | None:
        """Return the body if it is known: always the same object, so that who keeps many keeps one."""
        return self._bodies.get((body, content_type))

    def add(self, body: bytes, content_type: str) -> None:
        self._size += len(body)
        if self._size > HARMLESS_BYTES:
            self._bodies.clear()
            self._size = len(body)
        if self._size <= HARMLESS_BYTES:
            self._bodies[body, content_type] = body


_KNOWN = _HarmlessBodies()


def names_credential(name: str) -> bool:
    """Tell whether a header, parameter, field or property of this name holds a credential."""
    return _VERDICTS[name]


def is_masked(value: object) -> bool:
    """Tell whether a value is what masking has left of a credential."""
    return isinstance(value, str) and value.endswith(MASK)


def mask_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the headers as pairs; a credential's scheme ("Bearer") stays."""
    secret = _VERDICTS
    return tuple(
        [
            (name, _mask_credential(value) if secret[name] else mask_text(value) if "=" in value else value)
            for name, value in headers.items()
        ]
    )


def mask_query(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the query parameters as pairs."""
    return tuple([(name, mask_value(name, value)) for name, value in query.items()])


def mask_value(name: str, value: str) -> str:
    """Return the value of a parameter, or of a field of a form."""
    return (MASK if value else value) if _VERDICTS[name] else _mask_inner(value)


def mask_body(
    body: bytes, content_type: str, *, cut: bool = False, is_json: bool = False, comes_again: bool = True
) -> bytes:
    """Return a body without credentials, otherwise as it is.

    `cut` tells that its end is missing, `is_json` that it is known to be JSON, as far as it goes, `comes_again` that
    it may be worth to remember.
    """
    if cut or not comes_again:
        return _mask_body(body, content_type, is_whole=not cut, is_json=is_json)
    known = _KNOWN.find(body, content_type)
    if known is not None:
        return known
    masked = _mask_body(body, content_type, is_whole=True, is_json=is_json)
    if masked is body:
        _KNOWN.add(body, content_type)
    return masked


def _mask_body(body: bytes, content_type: str, *, is_whole: bool, is_json: bool) -> bytes:
    lowered = body.lower()
    ends, escaped = _ends_of_names(lowered), _has_escaped_letters(body)
    if not ends and not escaped and not (b"%" in body and _type_of(content_type) == FORM):
        return body
    start = body.lstrip(_BLANK)[:1]
    if start in (b"{", b"[", b'"'):
        whole = is_whole and (is_json or _parses(body))
        return body if whole and not escaped and _is_harmless(lowered, ends) else _mask_json(body, whole)
    kind = _type_of(content_type)
    text = body.decode("utf-8", "replace")
    if kind == FORM:
        text = "&".join(map(_mask_form_field, text.split("&")))
    elif kind.startswith("multipart/") or start == b"-":
        text = _mask_multipart(text, content_type)
    else:
        text = mask_text(text)
    return text.encode()


def mask_text(text: str) -> str:
    """Return any text with what stands behind a credential's name (`token: …`, `?secret=…`) masked."""
    return _PAIR.sub(_mask_pair, text) if _may_hold_credential(_encode(text)) else text


def secret_paths(templates: Iterable[str]) -> SecretPaths:
    """Return those of the paths ("/api/v1/{company_token}") whose variables name a credential."""
    split = [template.strip("/").split("/") for template in templates]
    return tuple(segments for segments in split if any(map(_is_secret_variable, segments)))


def mask_path(path: str, templates: SecretPaths, *, at_end: bool = False) -> str:
    """Return a path without the credential that it has where its start, or its end, is like a template."""
    segments = path.split("/")
    for template in templates:
        first = len(segments) - len(template) if at_end else 1
        found = segments[first : first + len(template)] if first > 0 else []
        if len(found) == len(template) and all(map(_fits, template, found)):
            segments[first : first + len(template)] = map(_mask_segment, template, found)
    return "/".join(segments)


def mask_violations(violations: Sequence[Violation], longest: int) -> tuple[Violation, ...]:
    """Return the violations without credentials, objects and arrays, their texts cut to `longest` characters."""
    return tuple([_mask_violation(violation, longest) for violation in violations])


def _type_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _mask_credential(value: str) -> str:
    scheme = _SCHEME.match(value)
    return scheme[0] + MASK if scheme else MASK if value else value


def _mask_pair(found: re.Match[str]) -> str:
    name, quote, quoted = found[1], found[2], found[3]
    if quote is None:
        return f"{name}{MASK}"
    return f"{name}{quote}{MASK}{quote}" if quoted else found[0]


def _mask_form_field(field: str) -> str:
    name, equals, value = field.partition("=")
    plain = unquote_plus(value)
    masked = mask_value(unquote_plus(name), plain)
    return field if masked == plain else f"{name}{equals}{quote_plus(masked, safe='*')}"


def _mask_multipart(text: str, content_type: str) -> str:
    named = re.search(r'boundary="?([^";]+)', content_type)
    delimiter = f"--{named[1]}" if named else text.partition("\n")[0].strip()
    if not delimiter.startswith("--"):
        return mask_text(text)
    return delimiter.join(map(_mask_raw_part, text.split(delimiter)))


def _mask_raw_part(part: str) -> str:
    head, gap, rest = (*re.split(r"(\r?\n\r?\n)", part, maxsplit=1), "", "")[:3]
    name = re.search(r'\bname="?([^";\r\n]*)', head)
    content = rest.rstrip("\r\n")
    return f"{head}{gap}{mask_value(name[1] if name else '', content)}{rest[len(content) :]}"


def _is_secret_variable(segment: str) -> bool:
    return segment.startswith("{") and _VERDICTS[segment]


def _fits(template: str, segment: str) -> bool:
    return template.startswith("{") or template == segment


def _mask_segment(template: str, segment: str) -> str:
    return MASK if _is_secret_variable(template) else segment


def _mask_violation(violation: Violation, longest: int) -> Violation:
    """The sentences of jsonschema quote the value as Python writes it."""
    actual: Any = violation.actual
    sentence = violation.sentence
    secret = any(map(names_credential, violation.pointer.split("/")))
    if isinstance(actual, dict | list):
        if secret or _may_hold_credential(_encode(sentence)):
            sentence = sentence.replace(repr(actual), "the object" if isinstance(actual, dict) else "the array")
        actual = NOTHING
    elif secret and isinstance(actual, str | int | float) and not isinstance(actual, bool):
        sentence = sentence.replace(repr(actual), repr(MASK))
        actual = MASK
    elif isinstance(actual, str):
        actual = _mask_inner(actual)[:longest]
    sentence = mask_text(sentence)[:longest]
    return replace(violation, pointer=violation.pointer[:longest], actual=actual, sentence=sentence)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _may_hold_credential(body: bytes) -> bool:
    """Tell whether a body holds the name of a credential, perhaps with escapes for letters."""
    return bool(_ends_of_names(body.lower())) or _has_escaped_letters(body)


def _has_escaped_letters(body: bytes) -> bool:
    return b"\\" in body and _ESCAPED_LETTER.search(body) is not None


def _ends_of_names(lowered: bytes) -> list[int]:
    """Return where the names of credentials end."""
    ends = []
    for hint in _HINTS:
        at = lowered.find(hint)
        while at >= 0:
            end = at + len(hint)
            if hint != b"key" or lowered[max(0, at - 9) : at].rstrip(b"-_ ").endswith(_KINDS_OF_KEY):
                ends.append(end)
            at = lowered.find(hint, end)
    return ends


# JSON and GraphQL: one scanner for both, that takes what is cut or broken, too. ---------------------------------------

_TOKEN = re.compile(
    r"(?:("  # 1: a string
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\\?\Z)'
    r'|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
    r")|(\$?[A-Za-z_][\w.-]*))"  # 2: a word
    r"(\s*:)?"  # 3: which makes either a key
    r"|(-?[0-9][\w.+-]*)"  # 4: a number
    r"|([{\[(])|([}\])])|(,)|(=)|(#[^\n]*)",  # 5: open, 6: close, 7: next, 8: default, 9: comment
    re.DOTALL,
)
_STRING, _WORD, _KEY, _NUMBER, _OPEN, _CLOSE, _NEXT, _DEFAULT, _COMMENT = range(1, 10)

_BOUND = re.compile(rf"(?:{NAME})\w{{0,64}}(?:\s|\\[nrt]){{0,8}}:(?:\s|\\[nrt]){{0,8}}\$(\w{{1,64}})", re.IGNORECASE)
"""A GraphQL variable that is passed to an argument which holds a credential."""

_HARMLESS = re.compile(
    rb'"[^"\\]*"\s*:\s*(?:\{\s*\}|\[\s*\]|null\b|true\b|false\b|"")'  # the name of a credential, but none of it
    rb'|"[^"\\:=]*"(?!\s*:)'  # a text that speaks of one
)


def _mask_json(body: bytes, whole: bool) -> bytes:
    masked = _scan(body.decode("utf-8", "replace"))
    return _encode(masked if whole else _PAIR.sub(_mask_pair, masked))


def _parses(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_harmless(lowered: bytes, ends: Sequence[int]) -> bool:
    """Tell whether JSON that names credentials plainly holds none; False if that takes a closer look."""
    return all(_HARMLESS.match(lowered, lowered.rfind(b'"', 0, end)) for end in ends)


def _scan(text: str) -> str:
    """Mask strings and numbers below the name of a credential, at any depth, in JSON or GraphQL.

    `due`: the next value is a credential; `typed`: a default value that may follow is one (`$token:
    String = "…"`); `within`: for each open bracket, whether all in it are, and what `due` was before it.
    """
    bound = frozenset(_BOUND.findall(text)) if "$" in text else frozenset()
    key, due, typed, within = "", False, False, [(False, False)]
    out: list[str] = []
    done = 0
    for token in _TOKEN.finditer(text):
        kind, masked = token.lastindex, None
        secret = due or within[-1][0]
        if kind == _KEY:
            key = token[2] or _unquote(token[1]) or ""
            due, typed = _VERDICTS[key] or key.lstrip("$") in bound, False
        elif kind == _STRING:
            due, masked = False, _mask_string(token[1], secret, key)
        elif kind == _WORD:
            typed, due = due, False
        elif kind == _NUMBER:
            due, masked = False, QUOTED_MASK if secret else None
        elif kind == _OPEN:
            within.append((secret, due))
            due = typed = False
        elif kind == _CLOSE:
            due, typed = False, within.pop()[1] if len(within) > 1 else False
        elif kind == _DEFAULT:
            due = typed
        elif kind == _COMMENT:
            masked = mask_text(token[0])
        else:
            due = typed = False
        if masked is not None:
            out += (text[done : token.start()], masked)
            done = token.end()
    return "".join((*out, text[done:]))


def _mask_string(token: str, secret: bool, key: str) -> str | None:
    """Return what takes the place of a string of JSON or GraphQL, None if it stays."""
    if secret:
        return None if token.strip('"') == "" else QUOTED_MASK
    if ":" not in token and "=" not in token and "\\" not in token:
        return None
    if not _may_hold_credential(_encode(token)):
        return None
    text = _unquote(token)
    if text is None:
        return QUOTED_MASK
    masked = _scan(text) if key == "query" and "{" in text else _mask_inner(text)
    return None if masked == text else json.dumps(masked, ensure_ascii=False)


def _mask_inner(text: str) -> str:
    """Mask a text that may be JSON itself."""
    if ":" not in text and "=" not in text:
        return text
    if text.lstrip()[:1] in ("{", "[", '"'):
        return mask_body(_encode(text), "").decode("utf-8", "replace")
    return mask_text(text)


def _unquote(token: str) -> str | None:
    """Return what a string says, None if it is broken."""
    inner = token.removeprefix('"').removesuffix('"')
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return None
