"""Credentials do not get into the journal, wherever they are planted; all else stays as it is."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from emulator.exchange import FORM, NOTHING, Reply, Violation
from emulator.journal import credential_shapes
from emulator.journal.credential_shapes import SHAPES, Shape, may_hold_credential, names_credential
from emulator.journal.entry import Exchange
from emulator.journal.har import har
from emulator.journal.journal import Journal
from emulator.journal.masking import GRAPHQL, MASK, MOST_TOKENS, Masker
from emulator.journal.secret_paths import SecretPaths
from tests.test_journal import call, exchange, part

JSON = "application/json"
KINDS = (JSON, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data")


def masked(text: str, kind: str = JSON) -> str:
    return Masker().body(text.encode(), kind).decode()


# Which names


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "set-cookie",
        "X-API-KEY",
        "X-Api-Secret",
        "apikey",
        "apiKey",
        "api_key",
        "clientSecret",
        "company_token",
        "tokenExpiration",
        "PASSWORD",
        "passwd",
        "credentials",
        "Signature",
        "AWSAccessKeyId",
        "access_key",
        "private_key",
        "privateKey",
        *("pwd", "db_pwd", "pass", "userPass", "passphrase", "auth", "oauth", "jwt", "id_jwt", "session", "sessionId"),
        *(
            "JSESSIONID",
            "PHPSESSID",
            "connect.sid",
            "sid",
            "otp",
            "otpCode",
            "pin",
            "user_pin",
            "pinCode",
            "sig",
            "X-Sig",
        ),
        *("clientsecret", "authtoken", "dbpassword", "myapikey", "secretKey", "signingKey", "X-Amz-Security-Token"),
        *(
            "token[]",
            "filter[token]",
            "user.token",
            "{company_token}",
            "filter[token][eq]",
            "tok%65n",
            "filter%5Btoken%5D",
        ),
        *("Authentication", "X-CSRF", "xsrf", "bearer", "bearerValue", "csrfmiddlewaretoken"),
        *("proxyauthorization", "X-Authorization", "authorizationCode", "authorization[0]"),
        *("tok%65n", "X-Sig", "token2", "AWS_SECRET_ACCESS_KEY", "client secret", "One-Time-Password"),
    ],
)
def test_a_credential_is_known_by_its_name(name: str) -> None:
    assert names_credential(name)
    for text in (name, f'{{"{name}": 1}}', f"/{name}/x", f"my_{name}: 1", f"my{name[0].upper()}{name[1:]}=1"):
        assert may_hold_credential(text)


@pytest.mark.parametrize(
    "name",
    [
        *("key", "monkey", "_id", "name", "accessLevel", "api", "keyword", "private", "passage", "primaryKey", "", "é"),
        *("passenger", "passRate", "passed", "bypass", "compass", "pinned", "spin", "shipping", "mapping", "pinterest"),
        *("authenticationType", "authentication_method", "bearers", "forbearer"),
        *("authorizations", "bimAuthorizations", "user_authorizations", "authorizations[0]"),
        *("author", "authors", "authority", "authType", "auth_method", "signal", "sigma"),
        *("session_count", "sessions_total", "sessionCount", "inside", "consider", "design", "assigned", "option"),
        *("secretary", "tokenizer", "tokenize", "cookiecutter", "public_key", "sort_key", "idempotency-key"),
    ],
)
def test_other_names_are_left_alone(name: str) -> None:
    assert not names_credential(name)


def test_everyday_words_cost_no_closer_look() -> None:
    text = '{"mapping": 1, "author": "Ann", "shipping": 2, "passengers": 3, "signal": 4, "created": "by her"}'
    assert not may_hold_credential(text)


# Headers, query, path


def test_headers_keep_the_scheme_of_a_credential() -> None:
    headers = CIMultiDict(
        [
            ("Authorization", "Bearer abc"),
            ("authorization", "abc def"),
            ("Proxy-Authorization", "Basic YTpi"),
            ("Cookie", "a=b"),
            ("X-Api-Key", ""),
            ("Accept", "*/*"),
            ("Prefer", "code=404"),
            ("Location", "https://host/file?x=1&Signature=abc&y=2"),
            ("Link", '<https://host/?api_key=abc>; rel="next"'),
        ]
    )
    assert Masker().headers(headers) == (
        ("Authorization", "Bearer ***"),
        ("authorization", "***"),
        ("Proxy-Authorization", "Basic ***"),
        ("Cookie", "***"),
        ("X-Api-Key", ""),
        ("Accept", "*/*"),
        ("Prefer", "code=404"),
        ("Location", "https://host/file?x=1&Signature=***"),
        ("Link", "<https://host/?api_key=***"),
    )


def test_query_is_masked_by_name_and_inside_values() -> None:
    query = [("token", "abc"), ("page", "2"), ("next", "/x?token=abc"), ("filter", '{"secret": "abc"}'), ("pwd=a", "")]
    assert Masker().members(query) == [
        ("token", "***"),
        ("page", "2"),
        ("next", "/x?token=***"),
        ("filter", '{"secret":"***"}'),
        ("pwd=***", ""),
    ]


def test_a_query_of_graphql_is_masked_as_a_body_of_it() -> None:
    query = "mutation($x: String) { login(password: $x) { ok } }"
    assert Masker().members([("query", query), ("variables", '{"x": "abc"}')]) == [
        ("query", query),
        ("variables", "***"),
    ]


@pytest.mark.parametrize(
    ("path", "at_end", "expected"),
    [
        ("/api/v1/abc/graphql", False, "/api/v1/***/graphql"),
        ("/api/v1/abc", False, "/api/v1/***"),
        ("/api/v2/abc", False, "/api/v2/abc"),
        ("/api/v1", False, "/api/v1"),
        ("https://host/api/v1/abc", True, "https://host/api/v1/***"),
        ("/things/abc/share/def", False, "/things/abc/share/***"),
        ("/%61pi/v1/abc/graphql", False, "/%61pi/v1/***/graphql"),
        ("/api/%76%31/abc/graphql", False, "/api/%76%31/***/graphql"),
        ("/API/V1/abc", False, "/API/V1/***"),
        ("/api%2Fv1/abc/graphql", False, "/api%2Fv1/***/graphql"),
        ("/api/v1%2fabc", False, "/api/v1%2f***"),
        ("/api/v1/ab%2Fc/graphql", False, "/api/v1/***/graphql"),
        ("https://host/s/api%2Fv1/abc", True, "https://host/s/api%2Fv1/***"),
    ],
)
def test_a_path_is_masked_where_its_template_names_a_credential(path: str, at_end: bool, expected: str) -> None:
    secrets = SecretPaths(["/api/v1/{company_token}", "", "/things/{id}", "/things/{id}/share/{shareToken}"])
    assert len(secrets.templates) == 2
    assert Masker().path(path, secrets, at_end=at_end) == expected


# Bodies


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"a": 1,  "password" : "x", "b": 2}', '{"a":1,"password":"***","b":2}'),
        ('{"token": null, "secret": true, "apiKey": "", "x": 1}', None),
        ('{"token": 12.5e3}', '{"token": "***"}'),
        ('{"credentials": {}, "name": "x"}', None),
        (
            '{"credentials": {"user": "x", "n": [1, null, {"y": "z"}]}, "name": "x"}',
            '{"credentials": {"user": "***", "n": ["***", null, {"y": "***"}]}, "name": "x"}',
        ),
        ('{"tokens": ["x", "y"], "z": ["x"]}', '{"tokens": ["***", "***"], "z": ["x"]}'),
        (r'{"p\u0061ssword": "x"}', r'{"p\u0061ssword": "***"}'),
        (r'{"password": "a\"b\\", "c": "d"}', '{"password": "***", "c": "d"}'),
        ('{"name": "My secret token", "text": "a password"}', None),
        ('{"key": "x", "monkey": "y"}', None),
        ('{"url": "https://host/?a=1&token=x&b=2"}', '{"url": "https://host/?a=1&token=***"}'),
        ('{"text": "{\\"secret\\": \\"x\\", \\"a\\": 1}"}', '{"text": "{\\"secret\\":\\"***\\",\\"a\\":1}"}'),
        ('"{\\"secret\\": \\"x\\"}"', '"{\\"secret\\":\\"***\\"}"'),
        ('[{"secret": "x"}]', '[{"secret": "***"}]'),
        ('{"Authorization": "Bearer x"}', '{"Authorization": "***"}'),
        ('{"é": "ü", "token": "x"}', '{"é": "ü", "token": "***"}'),
        ('{"secret": "x"}\n{"secret": "y"}', '{"secret": "***"}\n{"secret": "***"}'),
        # What does not parse is masked from its first credential to its end:
        ('{"a: 1, "password": "x", "b": 2}', '{"a: 1, "password": "***'),
        ("{'password': 'x', 'a': 'b'}", "{'password': '***"),
        ('{"password": "x', '{"password": "***'),
        ('{"password": 12', '{"password": ***'),
        ('{"password', None),
        ('{"a": 1, "name": "x', None),
        ("{password: x}", "{password: ***"),
        ('{"token": null, "secret" "x"', '{"token": ***'),
        ('{"p\\u0061ssword": "x', '{"password": "***'),
        ('{"t%6fken": "x', '{"t%6fken": "***'),
        ('{"a": "\\npwd: x', '{"a": " pwd: ***'),
        ('{"value": "x", "name": "token"', '{"***'),
        ('{"variables": {"a": "x"}, "query": "{f(token: $a)}"', '{"***'),
        ('{"token": "x", "token": null, "a": {"b": 1, "b": 2}}', '{"token": "***'),
        ('{"a": {"secret": "x"}, "a": 1}', '{"a": {"secret": "***'),
        ('{"secret": "x"}\n{"secret": "y', '{"secret": "***'),
        ('{"a": 1, /* token */ "b": "x"}', '{"a": 1, /* token ***'),
        ('{"a": NaN, "password": "x"}', '{"a": "NaN", "password": "***"}'),
        ('\ufeff{"credentials": {"a": "x"}}', '\ufeff{"credentials":{"a":"***"}}'),
    ],
)
def test_json_is_masked_by_key_at_any_depth_and_otherwise_as_it_was(body: str, expected: str | None) -> None:
    assert same_json(masked(body), body if expected is None else expected)


def same_json(found: str, expected: str) -> bool:
    """Compare texts: as JSON, if they are, as that is written again where something in it is masked."""
    try:
        return [json.loads(line) for line in found.split("\n")] == [json.loads(line) for line in expected.split("\n")]
    except ValueError:
        return found == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ login(password: "x", name: "y") { ok } }', '{ login(password: "***", name: "y") { ok } }'),
        ("{ login(nip: 1, apiToken: 12) { ok } }", '{ login(nip: 1, apiToken: "***") { ok } }'),
        ('{ a(credentials: {user: "x", p: [1]}, b: "y") }', '{ a(credentials: {user: "***", p: ["***"]}, b: "y") }'),
        ('{ a(secret: """x "quoted" y""", b: """z""") }', '{ a(secret: "***", b: """z""") }'),
        ('query($token: String! = "x", $b: Int = 5) { a }', 'query($token: String! = "***", $b: Int = 5) { a }'),
        ('query($tokens: [String!]! = ["x"]) { a }', 'query($tokens: [String!]! = ["***"]) { a }'),
        ('{ token: field(x: "y") { secret { b(c: "d") } } }', None),
        ('{ a(token: $t b: "y") }', None),
        ('{ a(token: $t) { b(c: "y") } }', None),
        ('# password: "x"\n{ a(b: "y") }', '# password: "***\n{ a(b: "y") }'),
        ('{ a(headers: [{value: "x", name: "X-Api-Key"}]) }', '{ a(headers: [{value: "***", name: "X-Api-Key"}]) }'),
        ('{ a(name: "Authorization", value: "x") }', '{ a(name: "Authorization", value: "***") }'),
        ('query($x: String = "x") { a(token: $x) }', 'query($x: String = "***") { a(token: $x) }'),
        ('query($b: Int = 1 "x" $c: Int) { a(token: $b) }', 'query($b: Int = "***" "***" $c: Int) { a(token: $b) }'),
        ('{ a(b: "token=x") @d(pin: 1) }', '{ a(b: "token=***") @d(pin: "***") }'),
        # What does not parse is masked from its first credential to its end, or wholly if it has variables:
        ("token:abc in:title", "token:***"),
        ("mutation{a(token:abc123secret){ok}}", 'mutation{a(token:"***"){ok}}'),
        ('mutation{a(token:abc123secret"', "mutation{a(token:***"),
        ("{ a(token: ab+c/d==, n: ENUM) { ok } }", "{ a(token: ***"),
        ("{ a(token: user:abc n: ENUM) { ok } }", "{ a(token: ***"),
        ("{ a(apiKey: 12ab-cd+e, n: 1) { ok } }", "{ a(apiKey: ***"),
        ('query($x: String = "x") { a(token: $x', "***"),
        ('{ a(token: """x', '{ a(token: """***'),
        ("{ a(b: 1", None),
        ('type A { token: String = "x" }', "type A { token: ***"),
        (
            "{ a(tokens: [AB, CD], credentials: {user: me}) }",
            '{ a(tokens: ["***", "***"], credentials: {user: "***"}) }',
        ),
        ("query($token: Kind! = ADMIN, $b: [Kind!]) { a }", 'query($token: Kind! = "***", $b: [Kind!]) { a }'),
        ("query($tokens: [Token!]) { a(token: null) { token: secret } }", None),
    ],
)
def test_literals_in_graphql_are_masked_by_the_name_of_their_argument(query: str, expected: str | None) -> None:
    body = json.dumps({"query": query, "variables": {}})
    assert json.loads(masked(body))["query"] == (query if expected is None else expected)


def test_a_graphql_document_that_takes_long_to_parse_is_masked_from_its_first_credential_on() -> None:
    short, long = (f'query {{ a(token: "x") {"b " * fields} }}' for fields in (MOST_TOKENS // 2, MOST_TOKENS))
    assert json.loads(masked(json.dumps({"query": short})))["query"] == short.replace('"x"', '"***"')
    assert json.loads(masked(json.dumps({"query": long})))["query"] == 'query { a(token: "***'
    several = json.loads(masked(json.dumps([{"query": short}] * 3)))
    assert [one["query"].endswith("***") for one in several] == [False, True, True]


def test_graphql_variables_are_masked_by_name_and_by_the_argument_they_are_passed_to() -> None:
    query = "mutation($a: String, $b: String) { login(apiKey: $a, name: $b) { ok } }"
    body = {"query": query, "variables": {"a": "x", "b": "y", "token": "z"}}
    assert json.loads(masked(json.dumps(body))) == {
        "query": query,
        "variables": {"a": "***", "b": "y", "token": "***"},
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a=1&password=x+y&b=2", "a=1&password=***&b=2"),
        ("p%61ssword=x&user%5Btoken%5D=y", "password=***&user%5Btoken%5D=***"),
        ("payload=%7B%22secret%22%3A%22x%22%7D", "payload=%7B%22secret%22%3A%22***%22%7D"),
        ("value=x&name=Authorization", "value=***&name=Authorization"),
        ("a&password%3Dx", "a=&password%3D***="),
        ("note=a+token&b=%20", None),
        ('{"password": "x"}', '{"password":"***"}'),
    ],
)
def test_a_form_is_masked_by_name(body: str, expected: str | None) -> None:
    assert masked(body, FORM) == (body if expected is None else expected)


RAW_PARTS = (
    '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\nx\r\n'
    '--b\r\nContent-Disposition: form-data; name="note"; filename="x"\r\n\r\ny\r\n--b--\r\n'
)


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "", JSON])
def test_an_unread_multipart_body_is_masked_if_it_names_a_credential(kind: str) -> None:
    assert masked(RAW_PARTS.format("apiKey"), kind) == "***"
    assert masked(RAW_PARTS.format("other"), kind) == RAW_PARTS.format("other")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("token: abc, rest", "token: ***"),
        ("Authorization: Bearer abc", "Authorization: ***"),
        ("https://host/?a=b&api_key=abc#top", "https://host/?a=b&api_key=***"),
        ("{'password': 'a b', 'n': 1}", "{'password': '***"),
        ("<password>abc</password>", "<password>***"),
        ("Variable '$apiToken' got invalid value 'abc'; no", "Variable '$apiToken' got invalid value '***"),
        ("the token is not known", None),
        ("Secret santa: who?", None),
        ("monkey: banana", None),
        ("token: null", None),
        ("token: ***", None),
    ],
)
def test_any_text_is_masked_behind_a_name(text: str, expected: str | None) -> None:
    assert Masker().text(text) == (text if expected is None else expected)
    assert masked(text, "text/plain") == (text if expected is None else expected)


def test_a_violation_without_a_value_stays() -> None:
    found = Violation("body", "/password", "required", True, NOTHING, "'password' is a required property")
    assert Masker().violations([found]) == (found,)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.title)
def test_each_shape_of_the_table_is_masked_in_any_text_and_its_example_is_one(shape: Shape) -> None:
    text = f"before {shape.example} after"
    assert Masker().text(text) != text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("got Bearer S1-x now", "got Bearer ***"),
        ("curl -H 'Authorization: Bearer S1'", "curl -H 'Authorization: ***"),
        ('Bearer realm="api", error="invalid_token"', None),
        ("the Bearer token is missing", None),
        ("Basic dXNlcjpTMQ== sent", "Basic ***"),
        ("Basic information, token expired", None),
        ("postgres://u:S1@host/db?x=1", "postgres://u:***"),
        ("redis://:S1@host", "redis://:***"),
        ("http://host:80/a?mail=a@b.c", None),
        ("-----BEGIN PRIVATE KEY-----\nS1\n-----END PRIVATE KEY-----\nrest", "-----BEGIN PRIVATE KEY-----\n***"),
        ("x -----BEGIN EC PRIVATE KEY-----\nS1", "x -----BEGIN EC PRIVATE KEY-----\n***"),
        ("-----BEGIN CERTIFICATE-----\nabc", None),
        ("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTMSJ9.S1-x b", "a ***"),
        ("/a?t%6Fken=S1&b=2", "/a?t%6Fken=***"),
        ("/a?x=http%3A%2F%2Fh%2F%3Ftoken%3DS1%26y%3D2&b=2", "/a?x=http://h/?token=***"),
        ("/a?token[]=S1&filter[token]=S2", "/a?token[]=***"),
        ("/a?filter%5Btoken%5D=S1", "/a?filter%5Btoken%5D=***"),
        ("https://host/token/S1/x?page=2", "https://host/token/***"),
        ("/password/S1/reset", "/password/***"),
        ("/bearer/S1", "/bearer/***"),
        ("Authentication: S1", "Authentication: ***"),
        ("{'headerName': 'X-Api-Key', 'headerValue': 'S1'}", "{'***"),
        ("/things;token=S1;page=2", "/things;token=***"),
        ("run --password S1 --verbose", "run --password ***"),
        ('<add key="ApiToken" value="S1"/>', "<***"),
        ('<soap:Password Type="text">S1</soap:Password>', "<soap:Password ***"),
        ("<secret><![CDATA[S1]]></secret>", "<secret><***"),
        ("Cookie: a=S1; b=S2\nnext: 1", "Cookie: ***"),
        ("100%25 sure of the 5% token", None),
        ("%2525252525252525token%3DS1", "***"),
        ("Passengers pinned: 5; signal=2; author: Ann; session_count=3", None),
    ],
)
def test_shapes_are_masked_and_what_is_like_them_stays(text: str, expected: str | None) -> None:
    assert Masker().text(text) == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"name": "Authorization", "value": "S1"}, {"name": "Authorization", "value": "***"}),
        ([{"value": "S1", "key": "X-Api-Key", "x": 1}], [{"value": "***", "key": "X-Api-Key", "x": 1}]),
        ({"name": "Accept", "value": "text/csv"}, None),
        ({"headerName": "X-Api-Key", "headerValue": "S1"}, {"headerName": "X-Api-Key", "headerValue": "***"}),
        ({"header_value": "S1", "header_key": "Cookie"}, {"header_value": "***", "header_key": "Cookie"}),
        ({"name": "Cookie", "value": "S1", "otherValue": "x"}, {"name": "Cookie", "value": "***", "otherValue": "x"}),
        ({"headerName": "Accept", "headerValue": "x", "queryName": "page", "queryValue": "1"}, None),
        (
            [{"op": "replace", "path": "/settings/token", "value": {"a": "S1"}}],
            [{"op": "replace", "path": "/settings/token", "value": {"a": "***"}}],
        ),
        ([{"op": "replace", "path": "/settings/page", "value": "x"}], None),
        ({"links": {"next": "http://h/x?tok%65n=S1"}}, {"links": {"next": "http://h/x?tok%65n=***"}}),
        ({"password": [None, True, "", 5]}, {"password": [None, True, "", "***"]}),
        ({"authors": ["Ann"], "pinned": 5, "session_count": 7, "passenger": "Bo", "signal": "x"}, None),
    ],
)
def test_json_is_masked_by_pairs_of_name_and_value_too(document: Any, expected: Any) -> None:
    assert json.loads(masked(json.dumps(document))) == (document if expected is None else expected)


def test_big_numbers_beside_a_credential_keep_their_digits() -> None:
    assert masked('{"id": 123456789012345678901234567890, "token": "S1"}') == (
        '{"id":123456789012345678901234567890,"token":"***"}'
    )


def test_what_a_reply_repeats_of_the_calls_credentials_is_masked() -> None:
    sent = call("POST", "/x", headers=[("X-Api-Key", "S3KR3T-echo")], body=b'{"token": "S3KR3T-body"}')
    content = b"Cannot POST /x with S3KR3T-echo and S3KR3T-body"
    headers = {"X-Echo": "you are S3KR3T-echo", "X-Seen": "S3KR3T-body", "X-Other": "stays"}
    found = exchange(given=sent, reply=Reply(404, headers=headers, content_type="text/plain"), content=content)
    nowhere(found)
    assert found.reply is not None
    assert [found.reply.header(name) for name in headers] == ["you are ***", "***", "stays"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v2/TOPSECRET/graphql", "/api/v2/***/graphql"),
        ("/TOPSECRET/graphql", "/***/graphql"),
        ("/TOPSECRET", "/***"),
        ("/graphql/v1/TOPSECRET", "/graphql/v1/***"),
        ("/api/v1/S3KR3T-x/grapql/x", "/api/v1/***/***/x"),
    ],
)
def test_a_mistyped_path_shows_only_the_contracts_words_where_that_has_a_credential_in_a_path(
    path: str, expected: str
) -> None:
    secrets = SecretPaths(["/graphql", "/api/v1/{company_token}/graphql"])
    assert Masker().path(path, secrets, matched=False) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/token/S1/x", "/token/***/x"),
        ("/apikey/authenticate", "/apikey/authenticate"),
        ("/apikey/S1", "/apikey/***"),
        ("/token=S1", "/token=***"),
        ("/things;token=S1", "/things;token=***"),
        ("/t%6Fken/S1", "/t%6Fken/***"),
        ("/a/Bearer%20S1x", "/a/Bearer%20***"),
        ("/x/sk0live51HqLyjWDarjtT1zdp7dc", "/x/***"),
        ("/x/5f9c1b2a3d4e5f6a7b8c9d0e", "/x/5f9c1b2a3d4e5f6a7b8c9d0e"),
        ("/x/0b7a6c0e-1111-4222-8333-444455556666", "/x/0b7a6c0e-1111-4222-8333-444455556666"),
        ("/integration/integratoins/1234", "/integration/integratoins/1234"),
    ],
)
def test_a_path_that_nothing_matches_shows_no_credential(path: str, expected: str) -> None:
    secrets = SecretPaths(["/apikey/authenticate", "/integration/{id}"])
    assert Masker().path(path, secrets, matched=False) == expected


# Properties

INNOCENT = frozenset({"agentSessionId"})
SECRET = "S3KR3T-aé1"
NAMES = st.sampled_from(
    ["password", "Authorization", "apiKey", "X-API-KEY", "client_secret", "access_token", "credentials", "privateKey"]
)
TRAPS = [
    "token",
    "a secret",
    'my "token"',
    '"',
    "\\",
    "\\\\",
    "key",
    "x:y",
    "a=b",
    "query",
    "{",
    "variables",
    "password\\",
]
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.sampled_from(TRAPS)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
SECRETS = st.sampled_from([SECRET, f'"{SECRET}\\"\n', f"{{{SECRET}: [", f'{{"a": "{SECRET}"}}', f"Bearer {SECRET}"])
BELOW = st.recursive(
    SECRETS, lambda inner: st.lists(inner, min_size=1, max_size=2) | st.fixed_dictionaries({"a": inner})
)


@st.composite
def planted(draw: st.DrawFn) -> Any:
    """Return a JSON document with a secret below a credential's name at some depth."""
    document: Any = draw(st.dictionaries(WORDS, DOCUMENTS, max_size=3)) | {draw(NAMES): draw(BELOW)}
    document |= draw(st.dictionaries(WORDS, DOCUMENTS, max_size=2))
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            document = [draw(DOCUMENTS), document, draw(DOCUMENTS)]
        else:
            document = {"variables" if draw(st.booleans()) else draw(WORDS): document, "z": draw(DOCUMENTS)}
    return json.dumps(document) if draw(st.integers(0, 5)) == 0 else document


@st.composite
def encoded(draw: st.DrawFn, document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 2])))
    return text.encode("utf-8", "replace")


def holds_name(document: Any) -> bool:
    if isinstance(document, dict):
        return any(names_credential(key) or holds_name(value) for key, value in document.items())
    return isinstance(document, list) and any(map(holds_name, document))


def nowhere(made: Exchange) -> None:
    kept = Journal(10, 10_000_000)
    kept.record(made)
    [stored] = kept
    for text in (repr(stored), str(stored.document()), json.dumps(har([stored], "1"))):
        assert "S3K" not in text


@given(st.data(), planted(), st.sampled_from([JSON, "", "text/plain", FORM]))
def test_no_secret_survives_in_json(data: st.DataObject, document: Any, kind: str) -> None:
    body = data.draw(encoded(document))
    sent = call("POST", headers=[("Content-Type", kind)], body=body)
    nowhere(exchange(given=sent, reply=Reply(200, document, content_type=kind), content=body))


@given(st.data(), planted())
def test_no_secret_survives_where_the_contract_calls_a_name_innocent(data: st.DataObject, document: Any) -> None:
    body = data.draw(encoded({"agentSessionId": document, "z": document}))
    assert b"S3K" not in Masker(INNOCENT).body(body, JSON)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"agentSessionId": "s-1", "sessionId": "s-2"}, {"agentSessionId": "s-1", "sessionId": MASK}),
        ({"agentSessionId": {"token": "t-1"}}, {"agentSessionId": {"token": MASK}}),
        ({"agentSessionId": "Bearer S3KR3T"}, {"agentSessionId": f"Bearer {MASK}"}),
        ({"token": {"agentSessionId": "s-1"}}, {"token": {"agentSessionId": MASK}}),
        (
            {"query": '{ run(agentSessionId: "s-1", token: "t-1") }'},
            {"query": f'{{ run(agentSessionId: "s-1", token: "{MASK}") }}'},
        ),
        (
            {"query": "query ($id: ID!) { run(agentSessionId: $id) }", "variables": {"id": "s-1"}},
            {"query": "query ($id: ID!) { run(agentSessionId: $id) }", "variables": {"id": "s-1"}},
        ),
        (
            {
                "query": "query ($agentSessionId: ID!) { run(token: $agentSessionId) }",
                "variables": {"agentSessionId": "t"},
            },
            {
                "query": "query ($agentSessionId: ID!) { run(token: $agentSessionId) }",
                "variables": {"agentSessionId": MASK},
            },
        ),
    ],
)
def test_a_name_that_the_contract_calls_innocent_hides_nothing_by_itself(document: Any, expected: Any) -> None:
    assert Masker(INNOCENT).document(document) == expected


@given(st.data(), planted(), st.booleans())
def test_no_secret_survives_in_json_that_is_cut(data: st.DataObject, document: Any, by_the_journal: bool) -> None:
    body = data.draw(encoded(document))
    length = data.draw(st.integers(0, len(body)))
    if by_the_journal:
        nowhere(exchange(given=call("POST", body=body), body_limit=length))
    else:
        nowhere(exchange(given=call("POST", body=body[:length])))


PIECES = [
    *"{}[]():,\"'\\\\#$=&%;/ \n1",
    '"a": 1, ',
    '"""',
    "query ",
    "{ a(b: 1) }",
    "value",
    "null",
    "\\u0041",
    "\ufeff",
    "name=",
]
JUNK = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


@given(JUNK, NAMES, st.sampled_from([": ", ":", " : ", "=", ":[", ": {"]), JUNK, st.sampled_from([*KINDS, "", GRAPHQL]))
def test_no_secret_survives_behind_a_name_whatever_is_around_them(
    before: str, name: str, sign: str, after: str, kind: str
) -> None:
    text = f'{before} "{name}"{sign}"{SECRET}{after}'
    for body in (text, json.dumps({"note": text}), json.dumps({"query": text}), urlencode({"note": text})):
        nowhere(exchange(given=call("POST", headers=[("Content-Type", kind)], body=body.encode())))
    nowhere(exchange(given=call(query=[("q", text), ("query", text), (text, "")], headers=[("X-Note", text)])))


@given(st.data(), JUNK)
def test_no_secret_survives_in_graphql_that_is_corrupted(data: st.DataObject, junk: str) -> None:
    login = 'login(input: {password: "S3KR3T", x: [1, "y"]}, pin: """S3KR3T""") { ok }'
    query = f'query ($token: String = "S3KR3T", $x: Int = 5) {{ a: {login} b(x: $x) {{ c }} }}'
    place = data.draw(st.integers(0, query.index("token")) | st.integers(query.index("{ ok"), len(query)))
    cut = data.draw(st.integers(query.index("pin: ") + 5, len(query)) | st.none())
    changed = (query[:place] + junk + query[place:])[:cut]
    for body in (changed, json.dumps({"query": changed, "variables": {"x": 1}})):
        nowhere(exchange(given=call("POST", body=body.encode())))


@example([None, {"password": SECRET}, {"query": "TOKEN", "variables": 0}])
@given(planted())
def test_masked_json_is_the_same_json_but_for_the_secrets(document: Any) -> None:
    def without_secrets(found: Any, secret: bool = False) -> Any:
        if isinstance(found, dict):
            # What may hold a credential and is not GraphQL hides the variables beside it.
            query = found.get("query")
            hidden = ["variables"] if isinstance(query, str) and may_hold_credential(query) else []
            return {
                key: without_secrets(value, secret or names_credential(key) or key in hidden)
                for key, value in found.items()
            }
        if isinstance(found, list):
            return [without_secrets(value, secret) for value in found]
        is_secret = secret and not isinstance(found, bool) and found not in (None, "")
        return "***" if is_secret else found

    if not isinstance(document, str):
        assert json.loads(masked(json.dumps(document))) == without_secrets(document)


@given(DOCUMENTS.filter(lambda found: not holds_name(found)), st.sampled_from([JSON, ""]))
def test_json_without_credentials_stays_byte_by_byte(document: Any, kind: str) -> None:
    body = json.dumps(document).encode()
    assert Masker().body(body, kind) == body


@given(NAMES, SECRETS, st.dictionaries(WORDS, WORDS, max_size=3))
def test_no_secret_survives_in_header_query_form_or_part(name: str, secret: str, others: dict[str, str]) -> None:
    fields = list((others | {name: secret}).items())
    one_line = secret.replace("\n", "")
    form = call(
        "POST",
        query=fields,
        headers=[(name, one_line), ("Referer", f"/?{urlencode(fields)}"), ("Content-Type", FORM)],
        body=urlencode(fields, errors="replace").encode(),
        params={name: secret},
    )
    parts = {field: part(field, value.encode("utf-8", "replace")) for field, value in fields}
    typed = call(headers=[("Content-Type", f"text/plain; {name}={SECRET}")])
    nowhere(exchange(given=typed, reply=Reply(200, content_type=f"text/plain; {name}={SECRET}"), content=b"x"))
    nowhere(exchange(given=form, reply=Reply(200, headers={name: one_line})))
    nowhere(exchange(given=call("POST", parts=parts)))
    nowhere(exchange(given=call("POST", parts={"note": part("note", json.dumps(dict(fields)).encode())})))


@given(
    st.sampled_from(["password", "apiKey", "accessToken", "client_secret"]), st.sampled_from([SECRET, f'{SECRET}"\n'])
)
@example("password", SECRET)
def test_no_secret_survives_in_graphql(name: str, secret: str) -> None:
    literal = json.dumps(secret)
    queries = [
        f"mutation {{ login({name}: {literal}) {{ ok }} }}",
        f'mutation {{ login(a: 1 {name}: """{SECRET}""" b: "x") {{ ok }} }}',
        f"mutation {{ login(input: {{deep: [{{{name}: {literal}}}]}}) {{ ok }} }}",
        f"mutation {{ login({name}s: [{literal}, {literal}]) {{ ok }} }}",
        f"mutation(${name}: String! = {literal}) {{ login(x: ${name}) {{ ok }} }}",
        f"mutation($x: String! = {literal}) {{ login({name}: $x) {{ ok }} }}",
    ]
    for query in queries:
        nowhere(exchange(given=call("POST", body=json.dumps({"query": query}).encode())))
    passed = {"variables": {"x": secret, name: {"a": [secret]}}, "query": f"mutation {{ login({name}: $x) {{ ok }} }}"}
    nowhere(exchange(given=call("POST", body=json.dumps(passed).encode())))


@given(NAMES, st.sampled_from([SECRET, [SECRET], {"a": SECRET}, {"a": {"b": [SECRET, 1]}}]))
def test_no_secret_survives_in_violations(name: str, value: Any) -> None:
    found = [
        Violation("body", f"/{name}", "type", "integer", value, f"{value!r} is not of type 'integer'"),
        Violation("body", "/in", "oneOf", [], {name: value, "x": 1}, f"{ ({name: value, 'x': 1})!r} is not valid"),
        Violation("query", f"/{name}", "additionalProperties", False, value, f"{name!r} is not one of the parameters"),
    ]
    nowhere(exchange(call_violations=found, reply_violations=found))


# Long bodies


def long_bodies(size: int) -> dict[str, bytes]:
    """Return bodies of about so many bytes, of the shapes that are hard for regular expressions."""
    nested = json.dumps({"a": json.dumps({"token": json.dumps({"token": json.dumps({"token": "x" * size})})})})
    return {
        "names": b"token" * (size // 5),
        "open objects": b"{" * size + b'"token":1',
        "open tokens": b'{"token":' * (size // 9),
        "quotes": b'"' * size + b"token",
        "backslashes": b"\\" * size + b"token",
        "backslashes in a string": b'{"a":"' + b"\\" * size + b'token"}',
        "open strings": b"token: '" * (size // 8),
        "open long strings": b'token: """' * (size // 10),
        "hyphens": b"api-" * (size // 4) + b"key",
        "dollars": b"password: $" * (size // 11),
        "spaces": b"token" + b" " * size,
        "JSON in JSON": nested.encode(),
        "brackets": b"]" * size + b"token",
        "percents": b"%25" * (size // 3) + b"token",
        "percent runs": b"a%3D" * (size // 4) + b"token",
        "userinfo": b"://a:" * (size // 5) + b"token@",
        "web tokens": b"eyJ" * (size // 3) + b"token",
        "keys begun": b"-----BEGIN PRIVATE KEY-----" * (size // 27),
        "elements": b"<token " * (size // 7),
        "bearers": b"bearer " * (size // 7),
        "pairs": b'name="token"' * (size // 12),
        "cookies": b"cookie:" * (size // 7),
        "paths": b"/token" * (size // 6),
        "pins": b"pinned " * (size // 7),
        "fields": b"&token=" * (size // 7),
        "GraphQL": b"query{" + b"a(token:1)" * (size // 10) + b"}",
        "deep": b'{"token":' * (size // 10) + b"1" + b"}" * (size // 10),
    }


@pytest.mark.parametrize("name", long_bodies(0))
def test_a_long_body_is_masked_to_its_end(name: str) -> None:
    body = long_bodies(65_000)[name]
    for kind in KINDS:
        assert b"xxxx" not in Masker().body(body, kind)


members = st.dictionaries(
    st.sampled_from(["credentials", "password", "token", "name", "key", "value", 'a"b', "variables", "query"]),
    st.deferred(lambda: values),
    max_size=4,
)
values: st.SearchStrategy[Any] = st.one_of(
    members,
    st.just({}),
    st.lists(members, max_size=2),
    st.sampled_from(["hunter2hunter2", "token", '"key":{} s3cretvalue', '{"token":{}}', "token: {} s3cretvalue", ""]),
)


@given(members, st.booleans(), st.booleans())
def test_empty_objects_change_nothing_of_what_is_masked(
    document: dict[str, Any], is_spaced: bool, is_whole: bool
) -> None:
    """A text whose only names of credentials have empty objects is not read; this is as if each was read."""
    text = json.dumps(document, separators=(", ", ": ") if is_spaced else (",", ":"))[: None if is_whole else -1]
    masked = Masker().body(text.encode(), "application/json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credential_shapes, "MOST_EMPTY_NAMES", 0)
        assert masked == Masker().body(text.encode(), "application/json")
