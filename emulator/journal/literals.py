"""Masks the literals of GraphQL, and of JSON that does not parse: by one scan that takes what is cut or broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from emulator.journal.credential_shapes import MASK, names_credential

QUOTED_MASK = f'"{MASK}"'

_TOKEN = re.compile(
    r"(?:("  # 1: a string
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\\?\Z)'
    r'|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
    r")|(\$?[A-Za-z_][\w.-]*+))"  # 2: a word
    r"(\s*+:)?"  # 3: which makes either a key
    r"|(-?[0-9][\w.+-]*+)"  # 4: a number
    r"|([{\[(])|([}\])])|(,)|(=)|(#[^\n]*)",  # 5: open, 6: close, 7: next, 8: default, 9: comment
    re.DOTALL,
)
_STRING, _WORD, _KEY, _NUMBER, _OPEN, _CLOSE, _NEXT, _DEFAULT, _COMMENT = range(1, 10)

_BARE = re.compile(r"[^\s\"'{}()\[\],\\]++")
"""A literal without quotes, also one that has forgotten them."""
_KNOWN = re.compile(r"true|false|null|\$.*")
"""A word that holds no credential."""

_BOUND = re.compile(r"(?<![\w$])(\w++)(?:\s|\\[nrt]){0,8}:(?:\s|\\[nrt]){0,8}\$(\w++)")
"""A GraphQL variable that is passed to an argument."""

GRAPHQL_START = re.compile(r"\s*+(?:query|mutation|subscription|fragment)\b[\s\w]*+[({@]")


def bound_variables(text: str) -> frozenset[str]:
    """Return the variables of a GraphQL document that are passed to arguments which hold credentials."""
    found = _BOUND.findall(text) if "$" in text else ()
    return frozenset(variable for argument, variable in found if names_credential(argument))


def mask_literals(text: str, hide: Callable[[str], str], inner: Callable[[str], str]) -> str:
    """Return the text with literals masked below the name of a credential, at any depth.

    `hide` masks a credential, `inner` what other strings hold. `due`: the next value is a credential; `typed`: a
    default value that may follow is one (`$token: String = "…"`); `within`: for each open bracket, whether all in it
    are, what `due` was before it, and whether it belongs to arguments, where a word is a value, not a field.
    """
    bound = bound_variables(text)
    due, typed, defined, within = False, False, False, [(False, False, False)]
    out: list[str] = []
    done = 0
    for token in _TOKEN.finditer(text):
        if token.start() < done:
            continue
        kind, masked, end = token.lastindex, None, token.end()
        secret, argued = due or within[-1][0], within[-1][2] and not defined
        if argued and token[2] and (due if kind == _KEY else secret) and not _KNOWN.fullmatch(token[2]):
            end = _end_of_literal(text, token)
            due, typed, masked = kind == _KEY and end <= token.end(), due, f'"{hide(text[token.start() : end])}"'
        elif kind == _KEY:
            key = token[2] or _unquote(token[1]) or ""
            defined = key.startswith("$")
            due, typed = names_credential(key) or key.lstrip("$") in bound, False
        elif kind == _STRING:
            due, masked = False, _mask_string(token[1], secret, hide, inner)
        elif kind == _WORD:
            typed, due = due, False
        elif kind == _NUMBER:
            end = _end_of_literal(text, token) if secret else end
            due, masked = False, f'"{hide(text[token.start() : end])}"' if secret else None
        elif kind == _OPEN:
            within.append((secret, due, argued or token[0] == "("))
            due = typed = False
        elif kind == _CLOSE:
            due, typed = False, within.pop()[1] if len(within) > 1 else False
        elif kind == _DEFAULT:
            due, defined = typed, False
        elif kind == _COMMENT:
            masked = inner(token[0])
        else:
            due = typed = False
        if masked is not None:
            out += (text[done : token.start()], masked)
            done = end
    return "".join((*out, text[done:]))


def _end_of_literal(text: str, token: re.Match[str]) -> int:
    bare = _BARE.match(text, token.start())
    return bare.end() if bare else token.end()


def _mask_string(token: str, secret: bool, hide: Callable[[str], str], inner: Callable[[str], str]) -> str | None:
    """Return what takes the place of a string of JSON or GraphQL, None if it stays."""
    text = _unquote(token)
    if secret:
        return None if token.strip('"') == "" else f'"{hide(text or MASK)}"'
    if text is None:
        return QUOTED_MASK
    masked = inner(text)
    return None if masked == text else json.dumps(masked, ensure_ascii=False)


def _unquote(token: str) -> str | None:
    """Return what a string says, None if it is broken."""
    inner = token.removeprefix('"').removesuffix('"')
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return None
