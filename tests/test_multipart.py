"""The multipart parser: its result does not depend on the pieces in which a body comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import MalformedBody
from emulator.transport.multipart import HEAD_BYTES, MultipartParser, PartEnd, PartHead, TooManyParts

TYPE = "multipart/form-data; boundary=Bnd"
HEAD = b'Content-Disposition: form-data; name="file"; filename="a.csv"'
FILE = PartHead("file", "a.csv", "application/octet-stream", is_base64=False)


def parse(body: bytes, size: int = 10**9) -> list[tuple[PartHead, bytes]]:
    """Return the complete parts, and their content; the body comes in pieces of that size."""
    parser, found, whole = MultipartParser(TYPE), list[tuple[PartHead, bytes]](), 0
    for start in range(0, len(body), size):
        for event in parser.feed(body[start : start + size]):
            if isinstance(event, PartHead):
                found.append((event, b""))
            elif isinstance(event, PartEnd):
                whole = len(found)
            else:
                found[-1] = found[-1][0], found[-1][1] + event
    return found[:whole]


def body(*contents: bytes, head: bytes = HEAD) -> bytes:
    return b"".join(b"--Bnd\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for content in contents) + b"--Bnd--\r\n"


@settings(max_examples=200, deadline=None)
@given(
    contents=st.lists(st.text("-Bnd\r\n x", max_size=30).map(str.encode), max_size=4),
    size=st.integers(1, 20),
)
def test_content_comes_whole_in_pieces_of_any_size(contents: Sequence[bytes], size: int) -> None:
    expected = [content for content in contents if b"--Bnd" not in content]
    if len(expected) < len(contents):
        return
    assert parse(body(*contents), size) == [(FILE, content) for content in contents]


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from([b"--Bnd", b"\r\n", HEAD, b"\r\n\r\n", b"--", b"x", b"\n", b"--Bn", b"Content-Type: a;b"]),
        max_size=25,
    ),
    size=st.integers(1, 9),
)
def test_junk_is_read_alike_whole_and_in_pieces(pieces: Sequence[bytes], size: int) -> None:
    junk = b"".join(pieces)
    assert parse(junk, size) == parse(junk)


HEADS = {
    b'Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv; charset=x': replace(
        FILE, content_type="text/csv"
    ),
    b"content-disposition:form-data;name=file;filename=a.csv": FILE,
    b'Content-Disposition: attachment; name=" file "; filename="a.csv"': FILE,
    HEAD + b"; filename*=UTF-8''caf%C3%A9.csv": replace(FILE, filename="café.csv"),
    b"Content-Disposition: form-data; name=file; filename*=\"iso-8859-1''caf%E9.csv\"": replace(
        FILE, filename="café.csv"
    ),
    b"Content-Disposition: form-data; name=file; filename*=caf.csv": replace(FILE, filename="caf.csv"),
    b"Content-Disposition: form-data; name=file; filename*=nope''caf.csv": None,
    b'Content-Disposition: form-data; name=file; filename="/etc/../a.csv"': FILE,
    b'Content-Disposition: form-data; name=file; filename="C:\\\\x\\\\a.csv"': FILE,
    b'Content-Disposition: form-data; name=file; filename="a&lt;b\t.csv"': replace(FILE, filename="a<b.csv"),
    b'Content-Disposition: form-data; name=file; filename=".."': replace(FILE, filename=""),
    b'Content-Disposition: form-data; name=file; filename="a/"': replace(FILE, filename=""),
    b'Content-Disposition: form-data; name=file; filename=""': replace(FILE, filename=None),
    b"Content-Disposition: form-data; name=file": replace(FILE, filename=None),
    b'Content-Disposition: form-data; name=file; filename="caf\xe9.csv"': None,
    HEAD + b"\r\nX-Other: \xe9": FILE,
    HEAD + b"\r\nno colon at all": FILE,
    HEAD + b"\r\nContent-Transfer-Encoding: BASE64": replace(FILE, is_base64=True),
    HEAD + b"\r\nContent-Transfer-Encoding: quoted-printable": FILE,
    b'Content-Disposition: form-data; filename="a.csv"': None,
    b"Content-Type: text/csv": None,
    b"": None,
}


@pytest.mark.parametrize(("head", "found"), HEADS.items(), ids=lambda value: str(value)[:60])
def test_a_head_says_what_django_reads_in_it(head: bytes, found: PartHead | None) -> None:
    assert parse(body(b"x", head=head)) == ([] if found is None else [(found, b"x")])


@pytest.mark.parametrize("length", [1, 70, 71, 200, 201])
def test_a_boundary_has_up_to_201_characters(length: int) -> None:
    boundary = "b" * length
    parser = MultipartParser(f"multipart/form-data; boundary={boundary}")
    events = list(parser.feed(body(b"x").replace(b"Bnd", boundary.encode())))
    assert events == [FILE, b"x", PartEnd()]


WRONG_TYPES = {
    "multipart/form-data": "Invalid boundary in multipart: None",
    "multipart/form-data; boundary=": "Invalid boundary in multipart: ",
    f"multipart/form-data; boundary={'b' * 202}": f"Invalid boundary in multipart: {'b' * 202}",
    "multipart/form-data; boundary=é": "Invalid non-ASCII Content-Type in multipart: multipart/form-data; boundary=é",
    "Multipart/Form-Data; boundary=B": "Invalid Content-Type: Multipart/Form-Data; boundary=B",
}


@pytest.mark.parametrize(("sent", "words"), WRONG_TYPES.items(), ids=lambda value: str(value)[:40])
def test_a_content_type_without_a_usable_boundary_is_refused(sent: str, words: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        MultipartParser(sent)
    assert refused.value.problem == f"Multipart form parse error - {words}"


@pytest.mark.parametrize("size", [1, 100, 10**6])
def test_a_head_beyond_a_kilobyte_is_refused(size: int) -> None:
    with pytest.raises(MalformedBody, match="Request max total header size exceeded"):
        parse(body(b"x", head=HEAD + b"\r\nX: " + b"y" * HEAD_BYTES), size)


def test_an_endless_head_is_rejected() -> None:
    parser = MultipartParser(TYPE)
    assert list(parser.feed(b"--Bnd\r\n" + b"y" * HEAD_BYTES)) == []
    with pytest.raises(MalformedBody):
        list(parser.feed(b"y" * 20))


@pytest.mark.parametrize(("filename", "most"), [(b"", 1000), (b"; filename=a", 100)])
def test_so_many_parts_are_read_and_no_more(filename: bytes, most: int) -> None:
    head = b"Content-Disposition: form-data; name=file" + filename
    assert len(parse(body(*[b"x"] * most, head=head))) == most
    with pytest.raises(TooManyParts):
        parse(body(*[b"x"] * (most + 1), head=head))


def test_endless_delimiters_are_too_many_parts() -> None:
    with pytest.raises(TooManyParts):
        parse(b"--Bnd" * 2000)
