"""What people add to the catalogue: collections, documents, questions with their replies, terms, tags."""

from __future__ import annotations

from functools import partial

from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.secoda.catalogue import list_kind
from emulator.vendors.secoda.changes import without
from emulator.vendors.secoda.collections import CATALOG

handlers = Handlers()
hooks = Hooks()

handlers.operation("listCollections")(partial(list_kind, "collection"))  # Secoda documentation, Collections
handlers.operation("listDocuments")(partial(list_kind, "document"))  # Matts52/pysecoda
handlers.operation("listQuestions")(partial(list_kind, "question"))  # Matts52/pysecoda
handlers.operation("listQuestionReplies")(partial(list_kind, "question_reply"))  # Secoda documentation, Examples
handlers.operation("listTerms")(partial(list_kind, "glossary"))  # Secoda documentation, Authentication


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
