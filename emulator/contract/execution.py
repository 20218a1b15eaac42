"""Executes GraphQL: a vendor's SDL as an executable schema, its root fields bound to a resolver."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ariadne import MutationType, QueryType, format_error, graphql_sync, make_executable_schema
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    TypeInfo,
    VariableDefinitionNode,
    Visitor,
    get_nullable_type,
    get_operation_ast,
    is_input_object_type,
    is_list_type,
    validate,
    visit,
)
from graphql.error import GraphQLSyntaxError
from graphql.language import Lexer, Source, Token
from graphql.language.parser import MAX_NESTING_DEPTH, Parser
from graphql.validation.validation_context import MAX_FRAGMENT_WORK

from emulator.contract.graphql_fields import Argument, Field, fields_of, reached_by, selected_fields_of
from emulator.contract.measures import Measures, measures_of
from emulator.contract.merging import Rules, rules_for
from emulator.contract.operation import (
    GraphQLLimits,
    GraphQLResult,
    ObjectField,
    Operation,
    Resolve,
    ResolveNested,
    RootFields,
)
from emulator.contract.selection import has_conditions, selected_fields
from emulator.contract.size import is_large
from emulator.errors import FieldError
from emulator.exchange import NOTHING, Violation
from emulator.runtime.bounded import BoundedCache

TOKEN_BYTES = 600
"""The most memory that a token takes with its nodes, as measured."""

TOO_DEEP = "Document is nested too deeply. Parsing aborted."
"""graphql-core's own sentence."""

_SHARED = (
    "The document's operations together spread too many fragments or use too many variables;"
    f" the limit is {MAX_FRAGMENT_WORK} of both, counted anew in each operation."
)
"""The reason for graphql-core's "Validation aborted." within the other limits. One operation alone cannot reach it."""

SELECTED_BYTES = 1000
"""The memory of a set of selected fields, about."""

SELECTED_LIMIT_BYTES = 1024**2

ERROR_BYTES = 1500
"""The memory of an error without its sentence, in the result and as a violation."""


@dataclass(frozen=True, slots=True)
class GraphQLDocument:
    """A parsed document. `refusal` is the result of every request with it, if it cannot run.

    `ast` is None if it does not parse; `fields` is how many fields it selects, `bytes` its size in memory. `variables`
    are those that its operations declare. `root_fields` are those of its operations by name that do not depend on
    variables, once they were asked for.
    """

    ast: DocumentNode | None
    bytes: int
    refusal: GraphQLResult | None = None
    fields: int = 0
    variables: frozenset[str] = frozenset()
    root_fields: dict[str | None, RootFields] = field(default_factory=dict, compare=False)


class Executable:
    """An SDL with its root fields bound, and `nested` ones ("Task.comments").

    `aliases` maps a type name that documents may use to the schema's name.
    """

    def __init__(
        self, sdl: str, operations: Mapping[str, Operation], aliases: Mapping[str, str], nested: Sequence[str] = ()
    ) -> None:
        self._nested = nested
        self._sdl = sdl
        self._operations = operations
        self._aliases = aliases
        self._selected = BoundedCache[str, frozenset[Field | Argument]](SELECTED_LIMIT_BYTES)

    def parse(self, query: str, aliases: frozenset[str], limits: GraphQLLimits) -> GraphQLDocument:
        """Parse a document with the enabled aliases."""
        size = 2 * len(query.encode("utf-8", "surrogatepass"))
        try:
            ast = _parse(query, limits)
        except GraphQLError as error:
            return GraphQLDocument(None, size, _refusal("syntax", "/query", [error]))
        renamed = {name: self._aliases[name] for name in aliases}
        return GraphQLDocument(visit(ast, _Rename(renamed)) if renamed else ast, size + TOKEN_BYTES * ast.token_count)

    def validate(self, document: GraphQLDocument, limits: GraphQLLimits) -> GraphQLDocument:
        """Validate a document against the limits and the schema; collect at most a hundred errors."""
        if document.ast is None:
            return document
        measures = measures_of(document.ast)
        beyond = _beyond(measures, limits)
        errors = [GraphQLError(beyond)] if beyond else self._errors(document.ast)
        return replace(
            document,
            bytes=document.bytes + sum(ERROR_BYTES + 2 * len(error.message) for error in errors),
            fields=measures.fields,
            variables=_variables(document.ast),
            refusal=_refusal("validation", "/query", errors) if errors else None,
        )

    def _errors(self, ast: DocumentNode) -> list[GraphQLError]:
        rules, rules_of_valid = self._rules
        errors = validate(self.schema, ast, rules) or validate(self.schema, ast, rules_of_valid)
        return [GraphQLError(_SHARED) if error.message == "Validation aborted." else error for error in errors]

    def execute(
        self, document: GraphQLDocument, request: Mapping[str, Any], resolve: Resolve, resolve_nested: ResolveNested
    ) -> GraphQLResult:
        """Run a request whose document is valid, as GraphQL.execute does."""
        execution, refused = _Execution(resolve, resolve_nested), list[GraphQLError]()

        def formatted(error: GraphQLError, debug: bool) -> dict[str, Any]:
            # GraphQL specification, Response, Errors: an error that belongs to a field has a path.
            if error.path is None:
                refused.append(error)
            return format_error(error, debug)

        _, result = graphql_sync(
            self.schema,
            dict(request),
            context_value=execution,
            query_document=document.ast,
            query_validator=_is_valid,
            error_formatter=formatted,
            logger=_SILENT,
        )
        if execution.failure is not None:
            raise execution.failure
        return GraphQLResult(result, tuple(_unfit(error, request) for error in refused))

    @cached_property
    def fields(self) -> Mapping[Field, Sequence[str]]:
        """The fields of all object types, with their arguments."""
        return dict(fields_of(self.schema))

    @cached_property
    def reached_by(self) -> Mapping[str, Sequence[str]]:
        """The root fields whose results can have an object of a type, by the type's name."""
        return reached_by(self.schema)

    def selected(self, query: str) -> Collection[Field | Argument]:
        """Return the fields that a document selects, and the arguments; those of documents seen before are cached."""
        found = self._selected.get(query)
        if found is None:
            found = frozenset(selected_fields_of(self.schema, query))
            self._selected.put(query, found, len(query) + SELECTED_BYTES)
        return found

    def root_fields(self, document: GraphQLDocument, request: Mapping[str, Any]) -> RootFields | None:
        """Return the root fields that a request selects; None if it does not parse, or names no operation."""
        name = request.get("operationName")
        known = document.root_fields.get(name) if isinstance(name, str | None) else None
        if known is not None or document.ast is None:
            return known
        chosen = get_operation_ast(document.ast, name)
        if chosen is None:
            return None
        root, variables = chosen.operation.value, request.get("variables")
        names = selected_fields(document.ast, chosen, variables if isinstance(variables, dict) else {})
        found = {name for name in names if name in self._operations and self._operations[name].root == root}
        root_fields = RootFields(
            operations=tuple(name for name in names if name in found),
            unknown=tuple(name for name in names if name not in found and not name.startswith("__")),
            root=root,
        )
        if not has_conditions(document.ast, chosen):
            document.root_fields[name] = root_fields
        return root_fields

    def arguments(self, name: str) -> dict[str, bool]:
        """Return the arguments of a root field, and whether each is an input object."""
        operation = self._operations[name]
        root = self.schema.query_type if operation.root == "query" else self.schema.mutation_type
        found = root.fields[name].args if root else {}
        return {of: is_input_object_type(get_nullable_type(argument.type)) for of, argument in found.items()}

    def object_field(self, name: str) -> ObjectField | None:
        """Return a field of an object type ("Task.comments"), or None."""
        found = _field_of(self.schema, name)
        if found is None:
            return None
        kind = get_nullable_type(found.type)
        is_connection = isinstance(kind, GraphQLObjectType) and "edges" in kind.fields
        return ObjectField(list(found.args), is_list_type(kind), is_connection)

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The executable schema, each root field bound to the execution's resolver."""
        roots: dict[str, QueryType | MutationType] = {}
        for name, operation in self._operations.items():
            kind = QueryType if operation.root == "query" else MutationType
            roots.setdefault(operation.root, kind()).set_field(name, _resolve_root_field)
        schema = make_executable_schema(self._sdl, *roots.values())
        for name in self._nested:
            if (found := _field_of(schema, name)) is not None:
                found.resolve = _resolve_nested_field
        return schema

    @cached_property
    def _rules(self) -> tuple[Rules, Rules]:
        return rules_for(self.schema)


# GraphQL errors are in the journal and in the reply; ariadne would also print each with a traceback.
_SILENT = logging.getLogger("emulator.graphql.silent")
_SILENT.disabled = True


@dataclass
class _Execution:
    resolve: Resolve
    resolve_nested: ResolveNested
    failure: Exception | None = None

    def run(self, work: Callable[[], Any]) -> Any:
        """Return the value of a field; keep an internal error, to raise it after the execution."""
        try:
            return work()
        except FieldError as error:
            raise GraphQLError(error.message, extensions=error.extensions or None) from error
        except Exception as failure:
            self.failure = self.failure or failure
            raise


def _resolve_root_field(_: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    execution: _Execution = info.context
    return execution.run(lambda: execution.resolve(info.field_name, str(info.path.key), arguments))


def _resolve_nested_field(parent: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    execution: _Execution = info.context
    name = f"{info.parent_type.name}.{info.field_name}"
    return execution.run(lambda: execution.resolve_nested(name, parent, arguments))


def _field_of(schema: GraphQLSchema, name: str) -> GraphQLField | None:
    """Return the field of an object type: "Task.comments"."""
    of, _, field = name.partition(".")
    found = schema.type_map.get(of)
    return found.fields.get(field) if isinstance(found, GraphQLObjectType) else None


def _parse(query: str, limits: GraphQLLimits) -> DocumentNode:
    """Parse a document, so that its tokens are freed without the garbage collector even if it does not parse."""
    source = Source(query)
    lexer = Lexer(source)
    try:
        parser = Parser(
            source,
            lexer=lexer,
            # As in the versions that graphene uses: "{}" is not a selection.
            allow_empty_selection_sets=False,
            max_lexical_tokens=limits.tokens,
            max_comments=limits.tokens,
            max_source_length=limits.length,
        )
        return parser.parse_document()
    except RecursionError:
        raise GraphQLSyntaxError(source, lexer.token.start, TOO_DEEP) from None
    finally:
        _unlink_tokens(lexer.token)


def _unlink_tokens(last: Token) -> None:
    """Unlink tokens: they form cycles, which only the garbage collector could free, and it would block everything."""
    token: Token | None = last
    while token is not None:
        former = token.prev
        token.prev = token.next = None
        token = former


def _is_valid(
    schema: GraphQLSchema,
    document_ast: DocumentNode,
    rules: Collection[type[ASTValidationRule]] | None = None,
    max_errors: int | None = None,
    type_info: TypeInfo | None = None,
) -> list[GraphQLError]:
    """Skip validation: the document was validated before."""
    return []


def _variables(ast: DocumentNode) -> frozenset[str]:
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    return frozenset(each.variable.name.value for node in operations for each in node.variable_definitions or ())


def _beyond(measures: Measures, limits: GraphQLLimits) -> str:
    if measures.depth > limits.depth:
        return f"The document nests fields {measures.depth} deep; the limit is {limits.depth}."
    if measures.aliases > limits.aliases:
        return f"The document has {measures.aliases} aliases; the limit is {limits.aliases}."
    if measures.fields > limits.fields:
        return f"The document selects more than {limits.fields} fields, counting a fragment's wherever it is spread."
    if measures.nesting > MAX_NESTING_DEPTH:
        return (
            f"The document nests selections {measures.nesting} deep, with fragments; the limit is {MAX_NESTING_DEPTH}."
        )
    return ""


def _refusal(rule: str, pointer: str, errors: Sequence[GraphQLError]) -> GraphQLResult:
    """Return the result of a request that does not run, without the errors, which refer to the parsed document."""
    violations = tuple(_violation(rule, pointer, error) for error in errors)
    return GraphQLResult({"errors": [format_error(error) for error in errors]}, violations)


def _unfit(error: GraphQLError, request: Mapping[str, Any]) -> Violation:
    """Return the violation of a request with a valid document: a variable, or the name of the operation."""
    for node in error.nodes or ():
        if isinstance(node, VariableDefinitionNode):
            name = node.variable.name.value
            value = (request.get("variables") or {}).get(name, NOTHING)
            return _violation("variables", f"/variables/{name}", error, NOTHING if is_large(value) else value)
    return _violation("operationName", "/operationName", error, request.get("operationName", NOTHING))


def _violation(rule: str, pointer: str, error: GraphQLError, actual: Any = NOTHING) -> Violation:
    place = error.locations[0] if error.locations else None
    sentence = f"{error.message} (line {place.line}, column {place.column})" if place else error.message
    return Violation("body", pointer, rule, None, actual, sentence)


class _Rename(Visitor):
    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> NamedTypeNode | None:
        name = self._names.get(node.name.value)
        return None if name is None else NamedTypeNode(name=NameNode(value=name, loc=node.name.loc), loc=node.loc)
