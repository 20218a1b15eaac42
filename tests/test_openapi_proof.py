"""The proof over public documents, tried on a small one."""

from __future__ import annotations

from pathlib import Path

from tests.openapi_proof import SCENARIOS, prove
from tests.test_inference import ITEM, LIST, MADE, bare, op, written


def test_document_passes_the_proof(tmp_path: Path) -> None:
    proof = prove(written(tmp_path, bare({**LIST, **ITEM, **MADE, "get /health": op()})), examples=1)
    assert proof.failures == []
    assert (proof.operations, proof.created, proof.seen) == ({"inferred": 3, "example": 1}, 1, [*SCENARIOS])
