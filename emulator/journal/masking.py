"""Masks credentials in what the journal keeps. What is one is in the table of credential_shapes.py.

JSON is read, masked by key and written again; expressions are for what does not parse, and for texts inside.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias
from urllib.parse import quote_plus, unquote_plus

from emulator.contract.reading import FORM
from emulator.errors import MalformedBody
from emulator.exchange import NOTHING, Call, Violation
from emulator.journal.credential_shapes import MASK, SCHEME, may_hold_credential, names_credential
from emulator.journal.literals import GRAPHQL_START, bound_variables, mask_literals
from emulator.journal.secret_paths import SecretPaths
from emulator.journal.text_masking import TextMasker, is_named
from emulator.json_text import READINGS, write_json

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_SCHEME = re.compile(SCHEME, re.IGNORECASE)
_BLANK = " \t\r\n\ufeff"
LONGEST_SENTENCE: Final = 1000
"""So much of a violation's sentence, pointer and value is kept, in characters."""

LONGEST_VALUE: Final = 64 * 1024
"""So much of a value is read to mask it, in characters: as of a body, what is behind is not kept."""

_PAIRED = re.compile(r"(.*?)_?(?:(name|key|header|path)|value)", re.IGNORECASE | re.DOTALL)
"""The keys of a name and its value: `name` and `value`, `headerName` and `headerValue`."""


@dataclass(slots=True)
class Head:
    """What a call has besides its body."""

    base_url: str
    path: str
    headers: Pairs
    query: Pairs


class Masker(TextMasker):
    """Masks one exchange: what was a credential in one place of it is masked in the other places, too."""

    def head(self, call: Call, secrets: SecretPaths, *, matched: bool) -> Head:
        """Return base URL, path, headers and query of a call without credentials."""
        texts = [call.base_url, call.path, *_unnamed(call.headers), *call.query, *call.query.values()]
        if matched and not secrets.templates and not may_hold_credential("\n".join(texts)):
            return Head(call.base_url, call.path, self._named(call.headers), tuple(call.query.items()))
        return Head(
            self.text(self.path(call.base_url, secrets, at_end=True)),
            self.path(call.path, secrets, matched=matched),
            self.headers(call.headers),
            tuple([(name, self.value(name, value)) for name, value in call.query.items()]),
        )

    def headers(self, headers: Mapping[str, str]) -> Pairs:
        """Return the headers as pairs; a credential's scheme ("Bearer") stays."""
        if not may_hold_credential("\n".join(_unnamed(headers))):
            return self._named(headers)
        return tuple(
            [
                (name, self._credential(value) if names_credential(name) else self.text(value))
                for name, value in headers.items()
            ]
        )

    def value(self, name: str, value: str) -> str:
        """Return the value of a parameter, or of a field of a form."""
        if names_credential(name):
            return self.hide(value)
        return self._literals(value) if name == "query" and "{" in value else self.inner(value)

    def body(self, body: bytes, content_type: str = "") -> bytes:
        """Return a body without credentials, as it was if it has none; it may be cut."""
        text = body.decode("utf-8", "replace")
        if not may_hold_credential(text):
            return body
        masked = self._body(text, content_type)
        return body if masked == text else masked.encode("utf-8", "replace")

    def reply_body(self, body: bytes, content_type: str = "") -> bytes:
        """Return the body of a reply, also without what was a credential in the call."""
        return self.without_call_secrets(self.body(body, content_type))

    def without_call_secrets(self, body: bytes) -> bytes:
        """Return the body of a reply without what was a credential in the call."""
        for secret in self._seen:
            body = body.replace(secret.encode(), MASK.encode())
        return body

    def document(self, value: Any, secret: bool = False) -> Any:
        """Return a JSON document without credentials; `secret`: all in it is one."""
        if isinstance(value, str):
            return self.hide(value) if secret else self.inner(value)
        if isinstance(value, dict):
            return self._object(value, secret)
        if isinstance(value, list):
            return [self.document(entry, secret) for entry in value]
        return MASK if secret and value is not None and not isinstance(value, bool) else value

    def inner(self, text: str) -> str:
        """Return a text that may be JSON itself."""
        if not may_hold_credential(text):
            return text
        return self._body(text, "") if text.lstrip()[:1] in ("{", "[", '"') else self.text(text)

    def violations(self, violations: Sequence[Violation]) -> tuple[Violation, ...]:
        """Return them without credentials, objects and arrays, their texts cut to LONGEST_SENTENCE characters."""
        return tuple([self._violation(violation, LONGEST_SENTENCE) for violation in violations])

    def _named(self, headers: Mapping[str, str]) -> Pairs:
        return tuple(
            [(name, self._credential(value) if names_credential(name) else value) for name, value in headers.items()]
        )

    def _credential(self, value: str) -> str:
        scheme = _SCHEME.match(value)
        return scheme[0] + self.hide(value[scheme.end() :]) if scheme else self.hide(value)

    def _body(self, text: str, content_type: str) -> str:
        kind = content_type.partition(";")[0].strip().lower()
        if GRAPHQL_START.match(text):
            return self._literals(text)
        if text.lstrip(_BLANK)[:1] in ("{", "[", '"'):
            return self._json(text)
        if kind == FORM:
            return "&".join(map(self._form_field, text.split("&")))
        if kind.startswith("multipart/") or (text[:2] == "--" and "ontent-" in text):
            return self._multipart(text, content_type)
        return self.text(text)

    def _json(self, text: str) -> str:
        try:
            found = READINGS["django"].read(text.removeprefix("\ufeff").encode("utf-8", "replace"))
            masked = self.document(found)
        except (MalformedBody, RecursionError):
            # It is cut, broken, GraphQL, or nested deeper than Python goes.
            return self.behind_names(self._literals(text))
        mark = text[: text.startswith("\ufeff")]
        return text if masked == found else mark + write_json(masked).decode()

    def _literals(self, text: str) -> str:
        return mask_literals(text, self.hide, self.inner)

    def _object(self, value: dict[str, Any], secret: bool, bound: Collection[str] = ()) -> dict[str, Any]:
        """Return an object without credentials; what is below a key in `bound` is one, too."""
        pairs = [(found[1], found[2], key) for key in value if (found := _PAIRED.fullmatch(key))]
        named = {prefix for prefix, is_name, key in pairs if is_name and is_named(value[key])}
        hidden = {key for prefix, is_name, key in pairs if not is_name and prefix in named}.union(bound)
        query = value.get("query")
        passed = bound_variables(query) if isinstance(query, str) else ()
        masked: dict[str, Any] = {}
        for key, inner in value.items():
            below = secret or key in hidden or names_credential(key)
            if key == "variables" and isinstance(inner, dict):
                masked[key] = self._object(inner, below, passed)
            elif key == "query" and not below and isinstance(inner, str) and "{" in inner:
                masked[key] = self._literals(inner)
            else:
                masked[key] = self.document(inner, below)
        return masked

    def _form_field(self, field: str) -> str:
        name, equals, value = field.partition("=")
        plain = unquote_plus(value)
        masked = self.value(unquote_plus(name), plain)
        return field if masked == plain else f"{name}{equals}{quote_plus(masked, safe='*', errors='replace')}"

    def _multipart(self, text: str, content_type: str) -> str:
        named = re.search(r'boundary="?([^";]+)', content_type)
        delimiter = f"--{named[1]}" if named else text.partition("\n")[0].strip()
        if not delimiter.startswith("--"):
            return self.text(text)
        return delimiter.join(map(self._raw_part, text.split(delimiter)))

    def _raw_part(self, part: str) -> str:
        head, gap, rest = (*re.split(r"(\r?\n\r?\n)", part, maxsplit=1), "", "")[:3]
        name = re.search(r'\bname="?([^";\r\n]*)', head)
        content = rest.rstrip("\r\n")
        return f"{head}{gap}{self.value(name[1] if name else '', content)}{rest[len(content) :]}"

    def _violation(self, violation: Violation, longest: int) -> Violation:
        """The sentences of jsonschema quote the value as Python writes it."""
        actual: Any = violation.actual
        sentence = violation.sentence
        secret = is_named(violation.pointer)
        if isinstance(actual, dict | list):
            if secret or may_hold_credential(sentence):
                sentence = sentence.replace(repr(actual), "the object" if isinstance(actual, dict) else "the array")
            actual = NOTHING
        elif secret and isinstance(actual, str | int | float) and not isinstance(actual, bool):
            sentence = sentence.replace(repr(actual), repr(MASK))
            actual = MASK
        elif isinstance(actual, str):
            actual = self.without_echoes(self.inner(actual[:LONGEST_VALUE]))[:longest]
        sentence = self.without_echoes(self.text(sentence))[:longest]
        return replace(violation, pointer=violation.pointer[:longest], actual=actual, sentence=sentence)


def _unnamed(headers: Mapping[str, str]) -> list[str]:
    return [value for name, value in headers.items() if not names_credential(name)]


def is_masked(value: object) -> bool:
    """Return True if a value is what masking has left of a credential."""
    return isinstance(value, str) and value.endswith(MASK)
