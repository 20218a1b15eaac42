"""Immuta's collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.exchange import Record
from emulator.store.collection import Collection
from emulator.vendors.immuta import populate

if TYPE_CHECKING:
    from faker import Faker

    from emulator.store.world import World


def _data_source_with_dictionary(fake: Faker, number: int, world: World, given: Record) -> Record:
    made = {**populate.data_source(fake, number, world.unused_number(DATA_SOURCES)), **given}
    world[DICTIONARIES].insert(populate.dictionary(fake, made, world.unused_number(DICTIONARIES)))
    world[SUBSCRIPTIONS].insert(populate.ownership(made, world.unused_number(SUBSCRIPTIONS)))
    return made


CREDENTIALS = Collection("immuta.credentials", schema="credential.schema.json")
DATA_SOURCES = Collection(
    "immuta.data_sources", order=("id",), schema="data-source.schema.json", populate=_data_source_with_dictionary
)
SUBSCRIPTIONS = Collection(
    "immuta.subscriptions",
    indexes=("dataSource",),
    schema="subscription.schema.json",
    references={"dataSource": DATA_SOURCES},
)
DICTIONARIES = Collection(
    "immuta.dictionaries",
    order=("id",),
    indexes=("dataSource",),
    schema="dictionary.schema.json",
    references={"dataSource": DATA_SOURCES},
)
TAGS = Collection("immuta.tags", order=("id",), indexes=("name",), schema="tag.schema.json")
USERS = Collection("immuta.users", order=("id",), schema="user.schema.json")
REMOTE_TABLES = Collection(
    "immuta.remote_tables", order=("id",), indexes=("database",), schema="remote-table.schema.json"
)
PROJECTS = Collection("immuta.projects", order=("id",), indexes=("projectKey",), schema="project.schema.json")
PROJECT_MEMBERS = Collection(
    "immuta.project_members",
    order=("id",),
    indexes=("project",),
    schema="project-membership.schema.json",
    references={"project": PROJECTS},
)
PROJECT_DATA_SOURCES = Collection(
    "immuta.project_data_sources",
    order=("id",),
    indexes=("project", "dataSource"),
    schema="project-content.schema.json",
    references={"project": PROJECTS, "dataSource": DATA_SOURCES},
)
DOMAIN_PERMISSIONS = Collection(
    "immuta.domain_permissions",
    order=("id",),
    indexes=("domain",),
    schema="domain-permission.schema.json",
)
GROUP_USERS = Collection("immuta.group_users", order=("id",), indexes=("group",), schema="group-membership.schema.json")

# The declared ones have their keys and their behaviour in the contract; these are for handlers.
POLICIES = Collection("immuta.policies", schema="global-policy.schema.json")
GROUPS = Collection("immuta.groups", schema="group.schema.json")
DOMAINS = Collection("immuta.domains", schema="domain.schema.json")

COLLECTIONS = (
    CREDENTIALS,
    DATA_SOURCES,
    SUBSCRIPTIONS,
    DICTIONARIES,
    TAGS,
    USERS,
    REMOTE_TABLES,
    PROJECTS,
    PROJECT_MEMBERS,
    PROJECT_DATA_SOURCES,
    DOMAIN_PERMISSIONS,
    GROUP_USERS,
)
