"""Masks the literals of GraphQL documents, as graphql-core parses them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from graphql import ArgumentNode, ExecutableDefinitionNode, GraphQLError, Node, ObjectFieldNode, parse
from graphql import VariableDefinitionNode as DefinitionNode

from emulator.journal.credential_shapes import credential_keys

_LITERALS = ("string_value", "int_value", "float_value", "enum_value")
"""What else a credential's value may be (null, a boolean, a variable) stays."""
_COMMENT = re.compile(r"#[^\r\n]*")


def mask_literals(
    text: str,
    most_tokens: int,
    hide: Callable[[str], str],
    inner: Callable[[str], str],
    innocent: frozenset[str] = frozenset(),
) -> tuple[str, set[str], int]:
    """Return the document without credentials, the names of the variables that it passes as such, and its tokens.

    `hide` masks a credential, `inner` what other strings and comments say; names in `innocent` name none. Raises
    ValueError if it does not parse, or has more than `most_tokens`.
    """
    try:
        document = parse(text, max_tokens=most_tokens)
    except GraphQLError as error:
        raise ValueError(error.message) from None
    if not all(isinstance(one, ExecutableDefinitionNode) for one in document.definitions):
        raise ValueError("It defines types.")
    passed = {node.name.value for node, secret in _nodes(document, innocent) if secret and node.kind == "variable"}
    literals = [(node, secret) for node, secret in _nodes(document, innocent, passed) if node.kind in _LITERALS]
    pieces, done = list[str](), 0
    for node, secret in sorted(literals, key=lambda literal: literal[0].loc.start):
        start, end = node.loc.start, node.loc.end
        masked = hide(node.value) if secret else inner(node.value)
        pieces.append(_COMMENT.sub(lambda found: inner(found[0]), text[done:start]))
        pieces.append(text[start:end] if masked == node.value else json.dumps(masked, ensure_ascii=False))
        done = end
    return "".join((*pieces, _COMMENT.sub(lambda found: inner(found[0]), text[done:]))), passed, document.token_count


def _nodes(document: Node, innocent: frozenset[str], secret_names: Collection[str] = ()) -> Iterator[tuple[Any, bool]]:
    """Yield the nodes of a document, and for each whether it is a part of a credential: of what has such a name.

    A description counts as one: it may be the default of the variable before it that has lost its equals sign.
    """
    within = [(document, False)]
    while within:
        node, secret = within.pop()
        yield node, secret
        members = [(_name(child), child) for child in _children(node)]
        found = credential_keys([(name, _text(child)) for name, child in members if name])
        keys = (found - innocent).union(secret_names)
        description = getattr(node, "description", None)
        within += ((child, secret or name in keys or child is description) for name, child in members)


def _children(node: Node) -> Iterator[Node]:
    for key in node.keys:
        found = getattr(node, key)
        yield from (child for child in (found if isinstance(found, tuple) else (found,)) if isinstance(child, Node))


def _name(node: Any) -> str:
    """Return the name of an argument, of a field of an object or of a variable that is defined, else ""."""
    if isinstance(node, DefinitionNode):
        return node.variable.name.value
    return node.name.value if isinstance(node, ArgumentNode | ObjectFieldNode) else ""


def _text(node: Any) -> object:
    return getattr(getattr(node, "value", None), "value", None)
