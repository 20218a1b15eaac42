"""Masks credentials in texts and paths, by the expressions of credential_shapes.py and behind names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import quote, unquote

from emulator.journal.credential_shapes import MASK, SCHEME, SHAPES, may_hold_credential, names_credential
from emulator.journal.secret_paths import SecretPaths

NO_PATHS: Final = SecretPaths()

DEEPEST = 4
"""A text that is percent-encoded as often as this is masked, whatever is in it."""

_NAMED = re.compile(
    r"(?<![\w%$.\[\]-])(?:--([\w-]++)\s|((?:(?i:api|access|private) )?[\w$.%\[\]-]++)"
    r"(?:\\*[\"'])?\]?\s{0,8}(?:[:=]>?|got invalid value|has invalid value[^:]{0,80}:[^:]{0,80}:)\s{0,8}\[?)"
)
"""A name before its value, perhaps as an option of a command line."""
_PAIR = re.compile(
    r"(?:\b(?:name|key|header)|(?i:_name|_key|_header)|Name|Key|Header)\\*[\"']?\s{0,8}[:=]\s{0,8}\\*[\"']([\w.-]++)\\*[\"'][^{}\[\]<>]{0,80}?"
    r"(?:\bvalue|_value|Value)\\*[\"']?\s{0,8}[:=]\s{0,8}"
)
"""A name and its value in two fields: `{name: …, value: …}`, `<add key=… value=…>`, `headerName: …, headerValue: …`."""
_VALUE = re.compile(
    rf"((?i:{SCHEME})?)"
    r"(?:((?:\\*\"){3}|\\*[\"'])(.*?)(?:(?<!\\)\2|\Z)|(?!(?:null|true|false)\b)([^\s\"'\\,;&(){}\[\]<>]+))",
    re.DOTALL,
)
_ENCODED = re.compile(r"[^\s\"'<>&=?;#,]++")
_ECHO = re.compile(r"[\w.~+/=@-]{8,1024}", re.ASCII)
"""A credential that is masked wherever else it is in its exchange: not so short that it may be a part of others."""
_SLASH, _ANY_SLASH = re.compile("(/)"), re.compile("(/|%2[fF])")
"""Some vendors take an encoded slash as one, for others it is a part of a segment."""
_PATH = re.compile(r"(?<=://)[^\s\"'<>\\?#]++|(?<![^\s\"'=,;(])/[^\s\"'<>\\?#]++")


class TextMasker:
    """Masks texts of one exchange: what was a credential in one of them is masked in the others, too."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def text(self, text: str) -> str:
        """Return any text without what has the shape of a credential, or is behind the name of one."""
        if not may_hold_credential(text):
            return text
        lowered = text.lower()
        for shape in SHAPES:
            if any(hint in lowered for hint in shape.hints):
                text = shape.pattern.sub(partial(self._shaped, shape.replacement), text)
        text = _PATH.sub(lambda found: "/".join(self._segments_behind_names(found[0].split("/"))), text)
        if "%" in text:
            text = _ENCODED.sub(lambda found: self._encoded(found[0]), text)
        return self.behind_names(text)

    def path(self, path: str, secrets: SecretPaths = NO_PATHS, *, at_end: bool = False, matched: bool = True) -> str:
        """Return a path without the credentials that it has where its start, or its end, is like a template.

        Of one that no operation matches, what may be a credential is masked, too.
        """
        for slash in (_SLASH, _ANY_SLASH) if "%2" in path else (_SLASH,):
            pieces = slash.split(path)
            segments = secrets.mask(pieces[::2], at_end, self._hide_segment)
            segments = self._segments_behind_names(segments, secrets.words)
            if not matched:
                segments = [self._hide_segment(one) if secrets.is_foreign(one) else one for one in segments]
            pieces[::2] = [self._encoded(one) if "%" in one else self.text(one) for one in segments]
            path = "".join(pieces)
        return path

    def behind_names(self, text: str) -> str:
        """Return any text with the values behind the names of credentials masked."""
        return self._behind(_PAIR, self._behind(_NAMED, text))

    def hide(self, value: str) -> str:
        """Return the mask for a credential, nothing for an empty one."""
        if not value.isalpha():
            self._remember(value)
        return MASK if value else value

    def _remember(self, value: str) -> None:
        if _ECHO.fullmatch(value):
            self._seen.add(value)

    def without_echoes(self, text: str) -> str:
        """Return the text without what was a credential elsewhere in the exchange."""
        for secret in self._seen:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def _hide_segment(self, segment: str) -> str:
        self._remember(segment)
        return MASK if segment else segment

    def _segments_behind_names(self, segments: Sequence[str], words: frozenset[str] = frozenset()) -> list[str]:
        """Mask the segments of a path that follow the name of a credential (`/token/S`), unless they are `words`."""
        before = ["", *segments[:-1]]
        return [
            self._hide_segment(one) if names_credential(name) and one not in words else one
            for name, one in zip(before, segments, strict=True)
        ]

    def _encoded(self, text: str) -> str:
        plain = text
        for _ in range(DEEPEST):
            before, plain = plain, unquote(plain)
            if plain == before:
                masked = text if plain == text else self.text(plain)
                safe = "*/" if "/" in text else "*"
                return text if masked in (plain, text) else quote(masked, safe=safe, errors="replace")
        return MASK

    def _shaped(self, replacement: str, found: re.Match[str]) -> str:
        if not replacement:
            value = found[2]
            return found[0].removesuffix(value) + self.hide(value) if names_credential(found[1]) else found[0]
        before = found[1] if found.re.groups else ""
        self._remember(found[0].removeprefix(before).removesuffix("@"))
        return found.expand(replacement)

    def _behind(self, names: re.Pattern[str], text: str) -> str:
        """Mask the values behind those of the names that are credentials'."""
        out: list[str] = []
        done = 0
        for found in names.finditer(text):
            secret = found.start() >= done and is_named(next(filter(None, found.groups())))
            value = _VALUE.match(text, found.end()) if secret else None
            scheme, mark, quoted, bare = value.groups() if value else ("", "", "", "")
            if value and (quoted or bare):
                mark = mark or ""
                out += (text[done : value.start()], scheme, mark, self.hide(quoted or bare), mark)
                done = value.end()
        return "".join((*out, text[done:]))


def is_named(name: object) -> bool:
    """Return True for the name of a credential, or a path (a JSON pointer) with one in it."""
    return isinstance(name, str) and (
        names_credential(name) or ("/" in name and any(map(names_credential, name.split("/"))))
    )
