"""What people add to the catalogue: collections, documents, questions with their replies, terms, tags."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.secoda.catalogue import list_kind
from emulator.vendors.secoda.changes import without
from emulator.vendors.secoda.collections import CATALOG

handlers = Handlers()
hooks = Hooks()


@handlers.operation("listCollections")
def list_collections(call: Call, world: World) -> Reply:
    """Return one page of the collections (Secoda documentation, Collections)."""
    return list_kind("collection", call, world)


@handlers.operation("listDocuments")
def list_documents(call: Call, world: World) -> Reply:
    """Return one page of the documents (Matts52/pysecoda)."""
    return list_kind("document", call, world)


@handlers.operation("listQuestions")
def list_questions(call: Call, world: World) -> Reply:
    """Return one page of the questions (Matts52/pysecoda)."""
    return list_kind("question", call, world)


@handlers.operation("listQuestionReplies")
def list_question_replies(call: Call, world: World) -> Reply:
    """Return one page of the replies to questions (Secoda documentation, Examples)."""
    return list_kind("question_reply", call, world)


@handlers.operation("listTerms")
def list_terms(call: Call, world: World) -> Reply:
    """Return one page of the glossary (Secoda documentation, Authentication)."""
    return list_kind("glossary", call, world)


@hooks.written("tags")
def forget_tag(world: World, write: Write) -> None:
    """Take a deleted tag off the resources."""
    if write.before is not None and write.after is None:
        without(world, CATALOG, "tags", write.before["id"])


@hooks.written("catalog")
def empty_collection(world: World, write: Write) -> None:
    """Take resources out of a deleted collection."""
    if write.before is not None and write.after is None and write.before["entity_type"] == "collection":
        without(world, CATALOG, "collections", write.before["id"])
