"""Paradime's GraphQL: really executed, so that whatever a GraphQL client may write works."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import build_client_schema, build_schema, get_introspection_query, print_schema
from graphql.type import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, GraphQLObjectType

from emulator.contract.openapi import read_contract
from emulator.declared.shapes import Place, Shapes, type_of
from emulator.files.package_data import CONTRACTS
from tests.conftest import EmulatorUnderTest

CONTRACT = read_contract(CONTRACTS / "paradime")
SDL = (CONTRACTS / "paradime" / "schema.graphql").read_text()
CREATE = 'addCustomIntegration(name: "%s", nodeTypes: []) { ok integrationUid }'


@pytest.fixture
def ask(emulator: EmulatorUnderTest) -> Any:
    def post(query: str, **more: Any) -> Any:
        response = emulator.call("paradime", "POST", json={"query": query, **more})
        assert response.status_code == 200
        return response.json()

    return post


def names(ask: Any) -> list[str]:
    result = ask("{ listCustomIntegrations { integrations { name } } }")
    return [each["name"] for each in result["data"]["listCustomIntegrations"]["integrations"]]


def test_introspection_returns_the_whole_schema(ask: Any) -> None:
    told = build_client_schema(ask(get_introspection_query())["data"])
    assert print_schema(told) == print_schema(build_schema(SDL))


def test_typename_is_known(ask: Any) -> None:
    assert ask("{ __typename listCustomIntegrations { __typename } }") == {
        "data": {"__typename": "Query", "listCustomIntegrations": {"__typename": "ListCustomIntegrations"}}
    }


def test_result_keeps_to_the_selection_and_its_order(ask: Any) -> None:
    result = ask("{ listCustomIntegrations { integrations { name uid } ok } }")
    payload = result["data"]["listCustomIntegrations"]
    assert list(payload) == ["integrations", "ok"]
    assert list(payload["integrations"][0].items()) == [("name", "Sample Integration 1"), ("uid", "abc123")]


def test_aliases_name_the_results(ask: Any) -> None:
    result = ask("{ first: listCustomIntegrations { fine: ok } second: listCustomIntegrations { ok } }")
    assert result == {"data": {"first": {"fine": True}, "second": {"ok": True}}}


def test_two_aliased_mutations_both_happen_in_order(ask: Any) -> None:
    result = ask(f"mutation {{ a: {CREATE % 'A'} b: {CREATE % 'B'} }}")
    assert result["data"]["a"]["integrationUid"] != result["data"]["b"]["integrationUid"]
    assert names(ask)[3:] == ["A", "B"]


def test_fragments_are_spread(ask: Any) -> None:
    query = """
        query { ...Lists }
        fragment Lists on Query {
          listCustomIntegrations { integrations { ...Names ... on CustomIntegration { uid } } }
        }
        fragment Names on CustomIntegration { name }
    """
    first = ask(query)["data"]["listCustomIntegrations"]["integrations"][0]
    assert first == {"name": "Sample Integration 1", "uid": "abc123"}


@pytest.mark.parametrize("skipped", [True, False])
def test_skip_and_include_are_obeyed(ask: Any, skipped: bool) -> None:
    query = """
        query ($skipped: Boolean!, $wanted: Boolean!) {
          listCustomIntegrations { ok integrations @skip(if: $skipped) { uid @include(if: $wanted) name } }
        }
    """
    result = ask(query, variables={"skipped": skipped, "wanted": False})
    payload = result["data"]["listCustomIntegrations"]
    assert ("integrations" in payload) is not skipped
    assert skipped or list(payload["integrations"][0]) == ["name"]


def test_a_skipped_mutation_does_not_happen(ask: Any) -> None:
    assert ask(f"mutation {{ {CREATE.replace(' {', ' @skip(if: true) {', 1) % 'A'} }}") == {"data": {}}
    assert len(names(ask)) == 3


def test_variables_have_defaults(ask: Any) -> None:
    ask('mutation ($name: String! = "Default") { addCustomIntegration(name: $name, nodeTypes: []) { ok } }')
    assert names(ask)[-1] == "Default"


@pytest.mark.parametrize(
    "given", [{}, {"variables": {}}, {"variables": None}, {"operationName": None}, {"extensions": {}}]
)
def test_what_is_optional_may_be_left_out_or_null(ask: Any, given: dict[str, Any]) -> None:
    assert ask("{ listCustomIntegrations { ok } }", **given) == {"data": {"listCustomIntegrations": {"ok": True}}}


def test_operation_name_chooses_among_several(ask: Any) -> None:
    document = f"query Look {{ listCustomIntegrations {{ ok }} }} mutation Make {{ {CREATE % 'A'} }}"
    assert ask(document, operationName="Look") == {"data": {"listCustomIntegrations": {"ok": True}}}
    assert len(names(ask)) == 3
    ask(document, operationName="Make")
    assert names(ask)[-1] == "A"


def test_several_operations_without_a_name_are_an_error(ask: Any) -> None:
    result = ask("query A { listCustomIntegrations { ok } } query B { listCustomIntegrations { ok } }")
    assert result["errors"] == [{"message": "Must provide operation name if query contains multiple operations."}]


def test_an_unknown_operation_name_is_an_error(ask: Any) -> None:
    result = ask("query A { listCustomIntegrations { ok } }", operationName="B")
    assert result["errors"] == [{"message": "Unknown operation named 'B'."}]


def test_one_of_two_mutations_fails_and_the_other_stays(ask: Any) -> None:
    result = ask(
        f'mutation {{ bad: updateCustomIntegration(integrationUid: "unknown") {{ ok }} good: {CREATE % "A"} }}'
    )
    assert result["data"]["bad"] is None
    assert result["data"]["good"]["ok"] is True
    assert [error["path"] for error in result["errors"]] == [["bad"]]
    assert names(ask)[3:] == ["A"]


def test_errors_name_their_place(ask: Any) -> None:
    result = ask('mutation {\n  updateCustomIntegration(integrationUid: "unknown") { ok }\n}')
    assert result["errors"][0]["locations"] == [{"line": 2, "column": 3}]
    assert result["errors"][0]["path"] == ["updateCustomIntegration"]


INVALID = {
    "syntax": ("{", "Syntax Error: Expected Name, found <EOF>."),
    "unknown field": ("{ unknown }", "Cannot query field 'unknown' on type 'Query'."),
    "unknown argument": (
        "{ listCustomIntegrations(page: 1) { ok } }",
        "Unknown argument 'page' on field 'Query.listCustomIntegrations'.",
    ),
    "no selection": (
        "{ listCustomIntegrations }",
        "Field 'listCustomIntegrations' of type 'ListCustomIntegrations' must have a selection of subfields."
        " Did you mean 'listCustomIntegrations { ... }'?",
    ),
    "unknown colour": (
        'mutation { addCustomIntegration(name: "A", nodeTypes: [{nodeType: "T", color: PURPLE}]) { ok } }',
        "Value 'PURPLE' does not exist in 'NodeColor' enum.",
    ),
    "colour as text": (
        'mutation { addCustomIntegration(name: "A", nodeTypes: [{nodeType: "T", color: "CYAN"}]) { ok } }',
        "Enum 'NodeColor' cannot represent non-enum value: \"CYAN\". Did you mean the enum value 'CYAN'?",
    ),
    "subscription": (
        "subscription { listCustomIntegrations { ok } }",
        "The subscription operation is not supported by the schema.",
    ),
}
"""Documents that do not parse or validate, and what graphql-core says of them."""


@pytest.mark.parametrize("case", INVALID)
@pytest.mark.parametrize("status", [200, 400])
def test_an_invalid_document_has_errors_and_no_data(emulator: EmulatorUnderTest, case: str, status: int) -> None:
    emulator.switch("paradime.validation_error_status", status)
    query, message = INVALID[case]
    response = emulator.call("paradime", "POST", json={"query": query})
    assert response.status_code == status
    assert not response.json().get("data")
    assert response.json()["errors"][0]["message"] == message


@pytest.mark.parametrize("status", [200, 400])
def test_a_variable_that_does_not_fit_is_an_invalid_request(emulator: EmulatorUnderTest, status: int) -> None:
    emulator.switch("paradime.validation_error_status", status)
    query = (
        'mutation ($types: [IntegrationNodeTypeInfo!]!) { addCustomIntegration(name: "A", nodeTypes: $types) { ok } }'
    )
    variables = {"types": [{"nodeType": "T", "color": "PURPLE"}]}
    response = emulator.call("paradime", "POST", json={"query": query, "variables": variables})
    assert response.status_code == status
    assert "Value 'PURPLE' does not exist in 'NodeColor' enum." in response.json()["errors"][0]["message"]


def test_a_failing_field_is_a_200_wherever_invalid_documents_are_a_400(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.validation_error_status", 400)
    query = 'mutation { updateCustomIntegration(integrationUid: "unknown") { ok } }'
    assert emulator.call("paradime", "POST", json={"query": query}).status_code == 200


def test_the_documented_type_name_works_inside_several_operations(ask: Any) -> None:
    query = """
        mutation A($types: [NodeTypeInput!]!) { addCustomIntegration(name: "A", nodeTypes: $types) { ok } }
        mutation B($types: [IntegrationNodeTypeInfo!]!) { addCustomIntegration(name: "B", nodeTypes: $types) { ok } }
    """
    for name in "AB":
        assert "errors" not in ask(query, operationName=name, variables={"types": []})
    assert names(ask)[3:] == ["A", "B"]


def test_the_documented_type_name_stays_as_it_is_in_text(ask: Any) -> None:
    ask('mutation { addCustomIntegration(name: "NodeTypeInput", nodeTypes: []) { ok } }')
    assert names(ask)[-1] == "NodeTypeInput"


def test_the_journal_names_the_root_fields(emulator: EmulatorUnderTest) -> None:
    query = f'mutation {{ a: {CREATE % "A"} updateCustomIntegration(integrationUid: "abc123") {{ ok }} }}'
    emulator.call("paradime", "POST", json={"query": query})
    assert emulator.exchanges()[-1].operations == ("addCustomIntegration", "updateCustomIntegration")


TYPES = {
    "AddCustomIntegration": "add-custom-integration",
    "UpdateCustomIntegration": "update-custom-integration",
    "AddCustomIntegrationNodes": "add-custom-integration-nodes",
    "ListCustomIntegrations": "list-custom-integrations",
    "CustomIntegration": "custom-integration",
    "CustomIntegrationNodeType": "custom-integration-node-type",
    "LineageInput": "lineage",
    "ReferencesInput": "references",
    "SqlTableReference": "sql-table-reference",
    "NativeIntegrationReference": "native-integration-reference",
    "CustomIntegrationReference": "custom-integration-reference",
    "FieldInput": "field",
    "ChartLikeAttributes": "chart-like-attributes",
    "DashboardLikeAttributes": "dashboard-like-attributes",
    "DatasourceLikeAttributes": "datasource-like-attributes",
    "IntegrationNodeChartLike": "node",
    "IntegrationNodeDashboardLike": "node",
    "IntegrationNodeDatasourceLike": "node",
}
OUR_OWN = {"node": {"id", "integrationUid", "kind"}}


def json_schema(name: str) -> Any:
    return json.loads((CONTRACTS / "paradime" / "schemas" / f"{name}.schema.json").read_text())


@pytest.mark.parametrize("name", TYPES)
def test_json_schemas_have_the_fields_of_the_graphql_types(name: str) -> None:
    type = build_schema(SDL).type_map[name]
    assert isinstance(type, GraphQLObjectType | GraphQLInputObjectType)
    schema = json_schema(TYPES[name])
    assert set(schema["properties"]) == set(type.fields) | OUR_OWN.get(TYPES[name], set())
    assert set(schema["required"]) == set(schema["properties"])


def test_every_graphql_type_has_a_json_schema_or_is_only_a_list_of_fields() -> None:
    schema = build_schema(SDL)
    own = {name for name in schema.type_map if "Custom" in name or "Node" in name or name.endswith("Attributes")}
    assert own - set(TYPES) == {"NodeColor", "IntegrationNodeTypeInfo"}


def fields_of(type: Any) -> Any:
    """Return the names and types below a GraphQL type, as far as JSON Schema says the same."""
    if isinstance(type, GraphQLNonNull):
        return fields_of(type.of_type)
    if isinstance(type, GraphQLList):
        return [fields_of(type.of_type)]
    if isinstance(type, GraphQLObjectType):
        return {name: fields_of(field.type) for name, field in type.fields.items()}
    return {"Int": "integer", "Boolean": "boolean"}.get(type.name, "string")


def properties_of(place: Place) -> Any:
    """Return the same of a JSON Schema."""
    shape = Shapes(CONTRACT.schemas.documents).shape(place)
    if shape.items is not None:
        return [properties_of(shape.items)]
    if shape.properties:
        return {name: properties_of(of) for name, of in shape.properties.items()}
    return type_of(place) or "string"


@pytest.mark.parametrize("name", [one.name for one in CONTRACT.operations.values() if one.is_neighbour and one.root])
def test_payload_of_a_neighbour_is_the_same_in_both_schemas(name: str) -> None:
    operation, schema = CONTRACT.operations[name], build_schema(SDL)
    root = schema.query_type if operation.root == "query" else schema.mutation_type
    assert root is not None
    assert operation.payload is not None
    place = Shapes(CONTRACT.schemas.documents).at(operation.payload.address)
    assert properties_of(place) == fields_of(root.fields[name].type)


def test_the_colours_are_the_same_in_both_schemas() -> None:
    type = build_schema(SDL).type_map["NodeColor"]
    assert isinstance(type, GraphQLEnumType)
    colors = json_schema("custom-integration-node-type")["properties"]["color"]["enum"]
    assert colors == [*type.values, None]
