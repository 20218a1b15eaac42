"""The one table of what masking takes for a credential: names of fields, and shapes of text, each with its reason.

Names are compared word by word (`clientSecret` and `filter[token]` are two words), never as parts of words.
Every expression takes time in proportion to the text, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

LONGEST_NAME = 64
"""Verdicts are cached for names of at most so many characters, and for at most `MOST_NAMES` of them (about 1 MB)."""
MOST_NAMES = 4096


class Names(NamedTuple):
    """Words that make a name a credential's, and where in the name they must be."""

    words: str
    where: str
    reason: str


class Shape(NamedTuple):
    """How a text begins that is a credential whatever its name; it is masked from the end of what `start` matches."""

    title: str
    example: str
    reason: str
    start: re.Pattern[str]


ANYWHERE = Names(
    "token secret password passwd passphrase passcode credential cookie signature"
    " apikey accesskey privatekey signingkey sshkey",
    "any word of the name, also in the plural and at the end of a word: `tokenExpiration`, `clientsecret`",
    "mean a credential wherever they are used",
)
SINGULAR = Names(
    "authorization",
    "any word of the name, also at the end of a word, but not in the plural: `Proxy-Authorization`",
    "the plural names rights: the `authorizations` of Immuta's users and policies",
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
NAMES = (ANYWHERE, SINGULAR, WHOLE, LAST, KEYS)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ANYWHERE, _SINGULAR, _WHOLE, _LAST, _KEYS = (frozenset(names.words.split()) for names in NAMES)
_ENDING = re.compile(f"(?:(?:{'|'.join(_ANYWHERE)})s?|{'|'.join(_SINGULAR)})$")
_AFTER_LAST = frozenset(("id", "code", "key", "value", "hash", "header", "data", "eq"))

_NAME = rf"(?:(?i:{'|'.join(_KEYS)}) )?[\w$.%\[\]-]++"
_TOKEN68 = r"[\w.~+/=:%-]"

SHAPES = (
    Shape(
        "PEM private key",
        "-----BEGIN RSA PRIVATE KEY-----",
        "settings and fixtures hold keys as text",
        re.compile(r"-----BEGIN[A-Z ]{0,40}PRIVATE KEY-----"),
    ),
    Shape(
        "password in a URL",
        "postgres://user:secret@host",
        "connection strings, proxies, and a Host with a user (RFC 3986, section 3.2.1)",
        re.compile(r"(?:://|\A)[^\s/?#:@\"'<>\\]{0,256}:(?=[^\s/?#\"'<>\\@]+@)"),
    ),
    Shape(
        "JSON Web Token",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "carries rights by itself (RFC 7519); without a dot it may be any base64",
        re.compile(r"(?<![\w-])(?=eyJ[\w-]{8,}+\.[\w-])"),
    ),
    Shape(
        "sandbox's token",
        "sandbox-token-5vJZ1mWxkQ2c8TqL0aYbN3dRfGh7UiOpEs6Xw9AzVtM",
        "opens a sandbox's routes of the control API",
        re.compile(r"(?=sandbox-token-[\w-]{43})"),
    ),
    Shape(
        "`Bearer` and what follows",
        "Bearer secret",
        "the shape of RFC 6750, in any text; a challenge's parameters (`Bearer realm=…`) and the word `token` stay",
        re.compile(
            r"(?<![\w-])bearer\s{1,8}(?!(?:realm|scope|error\w*)=|(?:tokens?|auth\w*|of|is|scheme|format)\b)"
            rf"(?={_TOKEN68})",
            re.IGNORECASE,
        ),
    ),
    Shape(
        "other schemes and what follows",
        "Basic dXNlcjpzZWNyZXQ=",
        "the schemes are everyday words: only what no word looks like, with a digit, a sign or a capital inside",
        re.compile(
            rf"(?<![\w-])(?:basic|token|apikey|oauth)\s{{1,8}}(?=\w{_TOKEN68}{{5}})(?-i:(?=\w{_TOKEN68}*[0-9A-Z_=+/]))",
            re.IGNORECASE,
        ),
    ),
)

_NAMED = re.compile(
    r"(?<![\w$.%\[\]-])(?:"
    r"--([\w-]++)[\s=]"  # an option of a command line
    r"|<(?:[\w.-]++:)?([\w.-]++)"  # an element of XML
    r"|(?<=/)([\w.%~-]++)/"  # the segment of a path
    rf"|({_NAME})(?:\\*[\"'])?\]?\s*+(?:[:=]|(?:got|has) invalid value))"
)
"""What makes a word the name of what is behind it."""
_DOCUMENT = re.compile(r"[{}]|\$\w++\s*+:")
_ANY_NAME = re.compile(rf"({_NAME})(?:\\*[\"'])?\s*+:?")
_PAIR = re.compile(r"(?i:name|key|header|path)(?:\\*[\"'])?\s*+[:=]\s*+(?:\\*[\"'])?([\w$.%/~-]++)")
"""A name in a field beside that of its value, perhaps behind it: `{value: …, name: "token"}`."""
_VARIABLE = re.compile(r"\$|variables|value", re.IGNORECASE)
"""What a credential may be behind before its name is: `{variables: {x: …}, query: "… (token: $x)"}`."""
_NOTHING = re.compile(r"\s*+[\"']?\*\*\*[\"']|\s*+(?:\*\*\*|null|true|false)\s*+(?:[;,&)\]]|\Z)")
"""A value that is not a credential, or no longer one."""

_STEMS = ("token", "secret", "pass", "cred", "cookie", "auth", "sig", "pwd", "jwt", "otp", "srf", "sess", "sid", "pin")
_ENDED = [rf"{word}(?:{'|'.join(sorted(_AFTER_LAST))})?(?![a-z])" for word in LAST.words.split()]
_ENDS = {
    stem: {word.partition(stem)[2] for word in (*_ANYWHERE, *_SINGULAR, *_WHOLE, *_ENDED) if stem in word}
    for stem in _STEMS
}
_HINTS = (
    *((stem, re.compile(rf"{stem}(?:{'|'.join(sorted(ends))})")) for stem, ends in _ENDS.items()),
    ("bearer", re.compile("bearer")),
    ("key", re.compile(rf"(?:{'|'.join(sorted(_KEYS))})[^a-z]*+key")),
    ("@", re.compile(r"(?:://|^)[^\s/?#]*:[^\s/?#]*@", re.MULTILINE)),
    ("basic", re.compile(r"basic\s")),
    ("eyj", re.compile(r"eyj[\w-]{8}")),
    ("%", re.compile(r"%[0-9a-f]{2}")),
    ("\\", re.compile(r"\\u00[2-7]")),
)
"""One of these is in every lower-cased text in which something is masked; where its expression is not, nothing is."""


MOST_EMPTY_NAMES = 8


def may_hold_credential(text: str) -> bool:
    """Return False if masking would leave the text as it is: most texts, found in a few searches."""
    lowered = text.lower()
    for hint, pattern in _HINTS:  # any() takes 1 µs more, one expression for all ten times as long
        if hint not in lowered:
            continue
        if pattern.search(lowered):
            return True
    return False


def without_empty_objects(json: str) -> str:
    """Return JSON without members such as `"credentials":{}`, which contain nothing: those of a few plain names."""
    for empty in ('":{}', '": {}'):
        for _ in range(MOST_EMPTY_NAMES):
            at = json.find(empty)
            name = json[json.rfind('"', 0, at) + 1 : at]
            if at < 0 or not name.isidentifier():
                break
            json = json.replace(f'"{name}{empty}', "")
    return json


def start_of_credential(text: str) -> int | None:
    """Return where the first credential begins in a text that nothing parses, None if there is none.

    In a sentence a name needs a sign behind it, in a document (of JSON or GraphQL, and broken) it needs none.
    """
    broken = _DOCUMENT.search(text) is not None
    if any(is_named(found[1]) for found in _PAIR.finditer(text)):
        return 0
    starts = [found.end() for shape in SHAPES if (found := shape.start.search(text))]
    for found in (_ANY_NAME if broken else _NAMED).finditer(text):
        if names_credential(found[found.lastindex or 0]) and (broken or not _NOTHING.match(text, found.end())):
            starts.append(0 if broken and _VARIABLE.search(text) else found.end())
            break
    return min(starts, default=None)


def names_credential(name: str) -> bool:
    """Return True if a header, parameter, field or property of this name contains a credential."""
    return _cached_verdict(name) if len(name) <= LONGEST_NAME else _verdict(name)


def is_named(name: object) -> bool:
    """Return True for the name of a credential, or a path (a JSON pointer) with one in it."""
    return isinstance(name, str) and any(map(names_credential, name.split("/")))


def credential_keys(members: Collection[tuple[str, Any]]) -> set[str]:
    """Return the keys of an object whose values are credentials: by their own names, or by one in a key beside them."""
    pairs = [(pair[1].lower(), pair[2], key, value) for key, value in members if (pair := _PAIRED.fullmatch(key))]
    named = {prefix for prefix, is_name, _, value in pairs if is_name and is_named(value)}
    beside = {key for prefix, is_name, key, _ in pairs if not is_name and prefix in named}
    return beside.union(key for key, _ in members if names_credential(key))


def _verdict(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(unquote(name) if "%" in name else name)]
    last = len(words) - 1
    for place, word in enumerate(words):
        following = words[place + 1] if place < last else ""
        if word in _WHOLE or _ENDING.search(word) or (word in _KEYS and following in ("key", "keys")):
            return True
        if word in _LAST and (place == last or (place == last - 1 and following in _AFTER_LAST)):
            return True
    return False


_cached_verdict = lru_cache(MOST_NAMES)(_verdict)
_PAIRED = re.compile(r"(.*?)[_-]?(?:(name|key|header|path)|value)", re.IGNORECASE | re.DOTALL)
"""The keys of a name and its value: `name` and `value`, `headerName` and `headerValue`."""
