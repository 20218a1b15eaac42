"""Masks credentials in what the journal keeps. What is one is in the table of credential_shapes.py.

What parses is masked by name and written again: JSON, JSON lines, forms, queries, GraphQL. Any other text is not
understood: from its first credential to its end, all of it is masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode

import orjson
from multidict import MultiDictProxy

from emulator.exchange import FORM, NOTHING, Violation, steps_of
from emulator.journal.credential_shapes import (
    credential_keys,
    is_named,
    may_hold_credential,
    names_credential,
    start_of_credential,
    without_empty_objects,
)
from emulator.journal.secret_paths import SecretPaths
from emulator.json_text import write_json

MASK: Final = "***"
GRAPHQL: Final = "application/graphql"
NO_PATHS: Final = SecretPaths()
Pairs: TypeAlias = tuple[tuple[str, str], ...]

LONGEST_SENTENCE: Final = 1000
"""So much of a violation's sentence, pointer and value is kept, and of the sentence of a fault, in characters."""

LONGEST_VALUE: Final = 64 * 1024
"""So much of a value is read to mask it, in characters: as of a body, what is behind is not kept."""

DEEPEST = 4
"""A text that is encoded as often as this is masked, whatever is in it."""

MOST_ECHOES = 256
"""So many words of a credential, the first ones, are masked wherever else they are in the exchange."""

MOST_TOKENS = 2000
"""How many tokens of GraphQL are parsed for one exchange: each takes up to 0.03 ms, in the event loop."""

EVERY_VARIABLE: Final = "*"

_SCHEME = re.compile(r"(?:(?:bearer|basic|digest|token|apikey|negotiate|ntlm|oauth)\s{1,8})?", re.IGNORECASE)
_GRAPHQL = re.compile(r"\s*+(?:query|mutation|subscription|fragment)\b[\s\w]*[({@]")
_SIGNS = re.compile(r"[\s\"'\\:=,(){}\[\]<>]*+")
"""What a mask leaves in front of a credential."""
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|[nrtbf])")
_ECHO = re.compile(r"[\w.~+/=@-]{8,}+", re.ASCII)
"""A word that is masked wherever else it is: not so short that it may be a part of others."""
_SLASH, _ANY_SLASH = re.compile("(/)"), re.compile("(/|%2[fF])")
"""Some vendors take an encoded slash as one, for others it is a part of a segment."""


class Masker:
    """Masks one exchange: what was a credential in one place of it is masked in the other places, too.

    Keys in `innocent` name no credential, whatever they are called: the contract says so (`x-not-credentials`).
    """

    def __init__(self, innocent: frozenset[str] = frozenset()) -> None:
        self._innocent = innocent
        self._seen: set[str] = set()
        self._tokens_left = MOST_TOKENS

    def copy(self) -> Masker:
        """Return another one, which knows the same credentials."""
        other = Masker(self._innocent)
        other._seen, other._tokens_left = set(self._seen), self._tokens_left
        return other

    def head(
        self,
        base_url: str,
        path: str,
        headers: Mapping[str, str],
        query: MultiDictProxy[str],
        secrets: SecretPaths,
        *,
        matched: bool,
    ) -> tuple[str, str, Pairs, Pairs]:
        """Return base URL, path, headers and query of a call without credentials."""
        base_url = self.text(self.path(base_url, secrets, at_end=True))
        path = self.path(path, secrets, matched=matched)
        pairs = tuple(query.items())
        if not may_hold_credential("\n".join((*_others(headers), *query, *query.values()))):
            return base_url, path, self._pairs(headers, str), pairs
        return base_url, path, self.headers(headers), tuple(self.members(pairs))

    def headers(self, headers: Mapping[str, str]) -> Pairs:
        """Return the headers as pairs; a credential's scheme ("Bearer") stays."""
        return self._pairs(headers, self.text if may_hold_credential("\n".join(_others(headers))) else str)

    def reply_headers(self, headers: Mapping[str, str]) -> Pairs:
        """Return the headers of a reply, also without what was a credential in the call."""
        return tuple([(name, self.without_echoes(value)) for name, value in self.headers(headers)])

    def path(self, path: str, secrets: SecretPaths = NO_PATHS, *, at_end: bool = False, matched: bool = True) -> str:
        """Return a path without the credentials that it has where its start, or its end, is like a template.

        Of one that no operation matches, what may be a credential is masked, too.
        """
        for slash in (_SLASH, _ANY_SLASH) if "%2" in path else (_SLASH,):
            pieces = slash.split(path)
            segments = pieces[::2]
            hidden = secrets.places(segments, at_end=at_end, matched=matched)
            if hidden or may_hold_credential("\n".join(segments)):
                pieces[::2] = [self._segment(one, place in hidden) for place, one in enumerate(segments)]
                path = "".join(pieces)
        return path

    def members(
        self, members: Collection[tuple[str, Any]], *, secret: bool = False, bound: Collection[str] = ()
    ) -> list[tuple[str, Any]]:
        """Return the members of an object, the parameters of a query or the fields of a form without credentials.

        `secret`: all in them is one. So is what is below a key in `bound`.
        """
        hidden = (credential_keys(members) - self._innocent).union(bound)
        texts = [value for key, value in members if key == "query" and isinstance(value, str)]
        queries = {text: self._graphql(text) for text in texts}
        passed = {variable for _, variables in queries.values() for variable in variables}
        masked = []
        for key, value in members:
            if secret or key in hidden:
                found = self.document(value, True)
            elif key == "query" and value in texts:
                found = queries[value][0]
            else:
                found = self._variables(value, passed) if key == "variables" else self.document(value)
            masked.append((key if key.isidentifier() else self.text(key), found))
        return masked

    def document(self, value: Any, secret: bool = False) -> Any:
        """Return a JSON document without credentials; `secret`: all in it is one."""
        if isinstance(value, str):
            return self.hide(value) if secret else self.inner(value)
        if isinstance(value, dict):
            return dict(self.members(value.items(), secret=secret))
        if isinstance(value, list):
            return [self.document(entry, secret) for entry in value]
        return MASK if secret and value is not None and not isinstance(value, bool) else value

    def value_at(self, document: Any, pointer: str) -> Any:
        """Return what is at a JSON pointer in a masked document; None if nothing is.

        Of an object or array, which would have to be masked whole, the entries are left out: {}, or as many None.
        """
        secret = False
        for step in steps_of(pointer):
            if not isinstance(document, dict):
                return None
            secret = secret or step in credential_keys(document.items()) - self._innocent
            document = document.get(step)
        if isinstance(document, list):
            return [None] * len(document)
        if isinstance(document, dict):
            return {}
        return self.document(document, secret)

    def body(self, body: bytes, content_type: str = "") -> bytes:
        """Return a body without credentials, as it was if it has none; it may be cut."""
        text = body.decode("utf-8", "replace")
        masked = self.inner(text, content_type.partition(";")[0].strip().lower())
        return body if masked == text else masked.encode("utf-8", "replace")

    def reply_body(self, body: bytes, content_type: str = "") -> bytes:
        """Return the body of a reply, also without what was a credential in the call."""
        return self.without_call_secrets(self.body(body, content_type))

    def without_call_secrets(self, body: bytes) -> bytes:
        """Return the body of a reply without what was a credential in the call."""
        for secret in self._seen:
            body = body.replace(secret.encode(), MASK.encode())
        return body

    def inner(self, text: str, kind: str = "") -> str:
        """Return a text without credentials that may be a document; `kind` is its media type, if that is known."""
        if not may_hold_credential(text) or _holds_only_empty_objects(text):
            return text
        if kind == GRAPHQL or _GRAPHQL.match(text):
            return self._graphql(text)[0]
        if text.lstrip(" \t\r\n\ufeff")[:1] in ("{", "[", '"') or kind.endswith("json"):
            return self._json(text)
        if kind == FORM and len(text.split()) == 1:
            fields = parse_qsl(text, keep_blank_values=True)
            masked = self.members(fields)
            return text if masked == fields else urlencode(masked, safe="*", errors="replace")
        return self.text(text)

    def text(self, text: str) -> str:
        """Return a text that is masked from its first credential to its end: decoded, if that is encoded."""
        if not may_hold_credential(text):
            return text
        levels = _decoded(text)
        if len(levels) > DEEPEST:
            return self.hide(text)
        for plain in levels:
            start = start_of_credential(plain)
            signs = None if start is None else _SIGNS.match(plain, start)
            if signs is not None and signs.end() < len(plain):
                return self.text(plain[: signs.end()]) + self.hide(plain[signs.end() :])
        return text

    def violations(self, violations: Sequence[Violation]) -> tuple[Violation, ...]:
        """Return them without credentials, objects and arrays, their texts cut to LONGEST_SENTENCE characters."""
        return tuple([self._violation(violation) for violation in violations])

    def hide(self, value: str) -> str:
        """Return the mask for a credential, nothing for an empty one."""
        words = [word for word in _ECHO.findall(value) if not (word.isalpha() and word.islower())]
        self._seen.update(words[:MOST_ECHOES])
        return MASK if value else value

    def without_echoes(self, text: str) -> str:
        """Return a text without what was a credential elsewhere in the exchange."""
        for secret in self._seen:
            text = text.replace(secret, MASK)
        return text

    def _pairs(self, headers: Mapping[str, str], text: Callable[[str], str]) -> Pairs:
        return tuple(
            [
                (name, self._credential(value) if names_credential(name) else text(value))
                for name, value in headers.items()
            ]
        )

    def _credential(self, value: str) -> str:
        scheme = _SCHEME.match(value)
        start = scheme.end() if scheme else 0
        return value[:start] + self.hide(value[start:])

    def _segment(self, segment: str, secret: bool) -> str:
        masked = self.hide(segment) if secret else self.text(segment)
        return segment if masked == segment else quote(masked, safe="%*=;:@!$&'()+,~")

    def _json(self, text: str) -> str:
        """Return JSON, or lines of JSON, without credentials, as it was if it has none."""
        for lines in ([text], text.split("\n")):
            try:
                return "\n".join(map(self._json_line, lines))
            except (ValueError, RecursionError):
                continue
        return self.text(text)

    def _json_line(self, text: str) -> str:
        plain = text.removeprefix("\ufeff")
        found = json.loads(plain, object_pairs_hook=_unique, parse_constant=str) if plain.strip() else None
        masked = self.document(found)
        return text if masked == found else text[: len(text) - len(plain)] + write_json(masked).decode()

    def _graphql(self, text: str) -> tuple[str, Collection[str]]:
        """Return a GraphQL document without credentials, and the names of the variables that it passes as such."""
        if not may_hold_credential(text):
            return text, ()
        from emulator.journal.graphql_literals import mask_literals  # noqa: PLC0415 - graphql-core, 0.1 s to import

        try:
            masked, passed, tokens = mask_literals(text, self._tokens_left, self.hide, self.inner, self._innocent)
        except (ValueError, RecursionError):
            self._tokens_left = 0
            return self.text(text), (EVERY_VARIABLE,)
        self._tokens_left -= tokens
        return masked, passed

    def _variables(self, value: Any, passed: Collection[str]) -> Any:
        if isinstance(value, dict) and EVERY_VARIABLE not in passed:
            return dict(self.members(value.items(), bound=passed))
        return self.document(value, bool(passed))

    def _violation(self, violation: Violation) -> Violation:
        """The sentences of jsonschema quote the value as Python writes it."""
        actual, sentence = violation.actual, violation.sentence
        secret = any(is_named(step) for step in violation.pointer.split("/") if step not in self._innocent)
        masked: Any = NOTHING
        if isinstance(actual, dict | list):
            if secret or may_hold_credential(sentence):
                sentence = sentence.replace(repr(actual), "the object" if isinstance(actual, dict) else "the array")
        elif actual is not NOTHING:
            masked = self.document(actual[:LONGEST_VALUE] if isinstance(actual, str) else actual, secret)
            sentence = sentence if masked == actual else sentence.replace(repr(actual), repr(masked))
        if isinstance(masked, str):
            masked = self.without_echoes(masked)[:LONGEST_SENTENCE]
        sentence = self.without_echoes(self.text(sentence))[:LONGEST_SENTENCE]
        return replace(violation, pointer=violation.pointer[:LONGEST_SENTENCE], actual=masked, sentence=sentence)


def _holds_only_empty_objects(text: str) -> bool:
    """Return True for JSON in which credentials have names, but no values: it need not be walked."""
    if text[:1] not in ("{", "[") or may_hold_credential(without_empty_objects(text)):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _others(headers: Mapping[str, str]) -> list[str]:
    """Return the values of the headers that are not for credentials."""
    return [value for name, value in headers.items() if not names_credential(name)]


def is_masked(value: object) -> bool:
    """Return True if a value is what masking has left of a credential."""
    return isinstance(value, str) and value.endswith(MASK)


def _decoded(text: str) -> list[str]:
    """Return the text, and it decoded once, twice and so on until nothing is encoded, at most DEEPEST times."""
    levels = [text]
    while len(levels) <= DEEPEST:
        plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", unquote_plus(levels[-1]))
        if plain == levels[-1]:
            break
        levels.append(plain)
    return levels


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that has a key twice: one of the two values would be neither masked nor shown."""
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a key twice")
    return found
