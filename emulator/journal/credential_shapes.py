"""The one table of what masking takes for a credential: names of fields, and shapes of text, each with its reason.

Names are compared word by word (`clientSecret` and `filter[token]` are two words), never as parts of words.
Every expression takes time in proportion to the text, whatever it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

MASK = "***"
LONGEST_NAME = 64
"""Verdicts are cached for names of at most so many characters, and for at most `MOST_NAMES` of them (about 1 MB)."""
MOST_NAMES = 4096


@dataclass(frozen=True)
class Names:
    """Words that make a name a credential's, and where in the name they must be."""

    words: str
    where: str
    reason: str


@dataclass(frozen=True)
class Shape:
    """A text that is a credential whatever its name; `hints` are in every lower-cased text that has the shape."""

    title: str
    example: str
    reason: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


ANYWHERE = Names(
    "authorization token secret password passwd passphrase passcode credential cookie signature"
    " apikey accesskey privatekey signingkey sshkey",
    "any word of the name, also in the plural and at the end of a word: `tokenExpiration`, `clientsecret`",
    "mean a credential wherever they are used",
)
WHOLE = Names(
    "pwd jwt otp csrf xsrf phpsessid jsessionid sessionid",
    "any word of the name",
    "short, or names of web frameworks: a part of a word means nothing",
)
LAST = Names(
    "pass auth oauth authentication bearer session sid pin sig",
    "the last word of the name, or before `id`, `code`, `key`, `value`, `hash`, `header`, `data`: `db_pass`, `pinCode`",
    "everyday words too: `session_count`, `passRate`, `authType` and `author` stay",
)
KEYS = Names(
    "api access private signing encryption ssh auth session shared account master client",
    "directly before `key`: `X-API-KEY`, `AWSAccessKeyId`",
    "a key by itself is most often no credential: `key`, `keyword`, `primaryKey` stay",
)
NAMES = (ANYWHERE, WHOLE, LAST, KEYS)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ANYWHERE = re.compile(f"(?:{'|'.join(ANYWHERE.words.split())})s?$")
_WHOLE, _LAST, _KEYS = (frozenset(names.words.split()) for names in (WHOLE, LAST, KEYS))
_AFTER_LAST = frozenset(("id", "code", "key", "value", "hash", "header", "data", "eq"))

SCHEME = r"(?:bearer|basic|digest|token|apikey|negotiate|ntlm|oauth)\s{1,8}"
_TOKEN68 = r"[\w.~+/=:%-]"

SHAPES = (
    Shape(
        "PEM private key",
        "-----BEGIN RSA PRIVATE KEY-----",
        "settings and fixtures hold keys as text; masked to its end, or to the end of what is kept",
        ("private key-----",),
        re.compile(r"-----BEGIN[A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END[A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL),
        MASK,
    ),
    Shape(
        "password in a URL",
        "postgres://user:secret@host",
        "connection strings, proxies, and a Host with a user (RFC 3986, section 3.2.1)",
        ("@",),
        re.compile(r"((?:://|\A)[^\s/?#:@\"'<>\\]{0,256}:)[^\s/?#\"'<>\\]+@"),
        rf"\1{MASK}@",
    ),
    Shape(
        "JSON Web Token",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "carries rights by itself (RFC 7519); without a dot it may be any base64",
        ("eyj",),
        re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*){0,3}"),
        MASK,
    ),
    Shape(
        "sandbox's token",
        "sandbox-token-5vJZ1mWxkQ2c8TqL0aYbN3dRfGh7UiOpEs6Xw9AzVtM",
        "opens a sandbox's routes of the control API",
        ("sandbox-token-",),
        re.compile(r"sandbox-token-[\w-]{43}"),
        MASK,
    ),
    Shape(
        "header line",
        "Authorization: Digest username=…, response=…; Cookie: a=b; c=d",
        "their values have several parts: masked to the end of the line",
        ("authorization", "cookie"),
        re.compile(
            rf"((?:authorization|cookie)\s{{0,8}}:\s{{0,8}}(?:{SCHEME})?)"
            r"(?!null\b|true\b|false\b)[^\s\"'\\<>{}\[\]][^\r\n\"'\\<>]*",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    Shape(
        "`Bearer` and what follows",
        "Bearer secret",
        "the shape of RFC 6750, in any text; a challenge's parameters (`Bearer realm=…`) and the word `token` stay",
        ("bearer",),
        re.compile(
            r"(?<![\w-])(bearer\s{1,8})(?!(?:realm|scope|error\w*)=|(?:tokens?|auth\w*|of|is|scheme|format)\b)"
            rf"{_TOKEN68}+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    Shape(
        "other schemes and what follows",
        "Basic dXNlcjpzZWNyZXQ=",
        "the schemes are everyday words: only what no word looks like, with a digit, a sign or a capital inside",
        ("basic", "token", "apikey", "oauth"),
        re.compile(
            r"(?<![\w-])((?:basic|token|apikey|oauth)\s{1,8})"
            rf"(?-i:(?=\w{_TOKEN68}*[0-9A-Z_=+/])){_TOKEN68}{{6,}}",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    Shape(
        "element of XML",
        '<password type="text">secret</password>',
        "no vendor takes XML, but the journal shows what was sent",
        ("<",),
        re.compile(r"<([\w:.-]++)(?:\s[^<>]*+)?>\s{0,8}(?:<!\[CDATA\[)?([^<\]]++)"),
        "",
    ),
)
"""Applied in this order. What is empty as a replacement depends on a name."""

_ENDS = rf"(?:[^a-z]|\Z|{'|'.join(sorted(_AFTER_LAST))})"
_HINTS: tuple[tuple[str, re.Pattern[str] | None], ...] = (
    *[
        (word, None)
        for word in ("token", "secret", "credential", "cookie", "bearer", "pwd", "jwt", "otp", "srf", "eyj")
    ],
    ("pass", re.compile(rf"pass(?:w|phrase|code|{_ENDS})")),
    ("auth", re.compile(rf"auth(?:orization|entication{_ENDS}|{_ENDS})")),
    ("sess", re.compile(rf"sess(?:id|ion{_ENDS})")),
    ("sig", re.compile(rf"sig(?:nature|{_ENDS})")),
    ("sid", re.compile(rf"sid{_ENDS}")),
    ("pin", re.compile(rf"pin{_ENDS}")),
    ("key", re.compile(rf"(?:{'|'.join(KEYS.words.split())})[-_ %.\]\[]{{0,3}}key|private key-")),
    ("@", re.compile(r"(?:://|^)[^\s/?#]*:[^\s/?#]*@", re.MULTILINE)),
    ("basic", re.compile(r"basic\s")),
    ("%", re.compile(r"%[0-9a-f]{2}")),
    ("\\", re.compile(r"\\u00[2-7]")),
)
"""One of these is in every lower-cased text in which something is masked; where its expression is not, nothing is.

One expression with all of them takes longer: 17 µs for 1 kB, these 13 µs.
"""


class _Verdicts(dict[str, bool]):
    """Whether a name is a credential's, cached."""

    def __missing__(self, name: str) -> bool:
        verdict = _names_credential(name)
        if len(name) <= LONGEST_NAME and len(self) < MOST_NAMES:
            self[name] = verdict
        return verdict


names_credential = _Verdicts().__getitem__
"""Return True if a header, parameter, field or property of this name holds a credential."""


def may_hold_credential(text: str) -> bool:
    """Return False if masking would leave the text as it is: most texts, found in a few searches."""
    lowered = text.lower()
    for hint, pattern in _HINTS:  # any() with a generator takes 1 µs more
        if hint not in lowered:
            continue
        if pattern is None or pattern.search(lowered):
            return True
    return False


def looks_opaque(segment: str) -> bool:
    """Return True for a segment of a path that no one would call a thing so: long, and neither an id nor words."""
    if len(segment) < 20 or _ID.fullmatch(segment):
        return False
    return len(segment) >= 40 or (_LETTER_AND_DIGIT.search(segment) is not None)


_ID = re.compile(r"[0-9]+|[0-9a-fA-F]{24}|[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Numbers, ObjectIds and UUIDs: ids of records."""
_LETTER_AND_DIGIT = re.compile(r"[A-Za-z][0-9]|[0-9][A-Za-z]")


def _names_credential(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(unquote(name) if "%" in name else name)]
    last = len(words) - 1
    for place, word in enumerate(words):
        following = words[place + 1] if place < last else ""
        if word in _WHOLE or _ANYWHERE.search(word) or (word in _KEYS and following in ("key", "keys")):
            return True
        if word in _LAST and (place == last or (place == last - 1 and following in _AFTER_LAST)):
            return True
    return False
