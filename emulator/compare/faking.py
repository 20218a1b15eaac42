"""Replaces what is somebody's in records by made-up values: the same value everywhere by the same one."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

from emulator.declared.shapes import Place, Shape, Shapes
from emulator.exchange import Record
from emulator.journal.credential_shapes import is_named
from emulator.sandbox.templates import seeded_faker

if TYPE_CHECKING:
    from faker import Faker

SECRET = "removed"
"""What replaces a secret."""

TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://.*", re.DOTALL)
WORD = re.compile(r"(?!(?=.*\d)\S{20})[A-Za-z][A-Za-z0-9_.:/+-]{0,39}")
"""A word: what has digits and 20 signs may be a token."""
CRON = re.compile(r"OFF|@[a-z]+|([-0-9*/,?LW#A-Z]+ +){4,6}[-0-9*/,?LW#A-Z]+")

KINDS = re.compile(
    r"(^|_|[a-z])(type|kind|status|state|mode|method|format|role|rights|level|version|colou?r|icon(name)?|zone|operator"
    r"|types|permissions?|events?|recurrence)$",
    re.IGNORECASE,
)
"""The names of fields whose words say of what kind something is: those are kept."""

DATA_TYPE = re.compile(r"(?!(?=.*\d)\S{20})[a-z][a-z0-9_ (),]{0,39}")
"""The data type of a column: double precision, character varying(20)."""

PERSONS = (
    (re.compile(r"(first|given)_?name$", re.IGNORECASE), "first_name"),
    (re.compile(r"((last|family)_?name|surname)$", re.IGNORECASE), "last_name"),
    (re.compile(r"(full|user|owner|author|actor|createdby|creator)_?(name)?$", re.IGNORECASE), "name"),
)
"""The names of fields with a person's name, and what faker calls it."""

NAME = re.compile(r"(name|title|label)$", re.IGNORECASE)
IDENTIFIER = re.compile(r"[0-9a-fA-F-]{8,}|\S*\d\S*\d\S*")
"""What has no spaces, and is hexadecimal or has several digits."""

MOST_TRIES = 50

UNDESCRIBED = Place("", "", {})
"""What describes a field of a record without a schema: its name alone."""


class Faking:
    """Makes records up from real ones: of the same records the same with the same `seed`.

    `replaced` has what replaces each value so far. What no schema describes is free: its names are replaced, too,
    except those that the contract has somewhere, and `words`; of its texts only times are kept.
    """

    def __init__(self, seed: int, shapes: Shapes, words: Iterable[str] = ()) -> None:
        self.replaced: dict[str, str] = {}
        self._seed = seed
        self._shapes = shapes
        self._faker = seeded_faker(seed, "pull")
        self._names = frozenset((*shapes.names(), *words))
        self._taken = set(self._names)

    def record(self, record: Record, schema: str) -> Record:
        """Return a record as the schema at an address describes it, without properties that it does not know."""
        if not schema:
            return {name: self._value(value, name, UNDESCRIBED) for name, value in record.items()}
        made: Record = self._value(record, "", self._shapes.at(schema))
        return made

    def _value(self, value: Any, name: str, place: Place | None, *, is_secret: bool = False) -> Any:
        """Return what replaces a value; of what is inside a credential (`is_secret`), words of kinds alone stay."""
        if isinstance(value, dict):
            return self._object(value, name, place, is_secret=is_secret)
        if isinstance(value, list):
            items = self._shapes.shape(place).items if place else None
            return [self._value(one, name, items, is_secret=is_secret) for one in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and (is_secret or is_named(name)):
            return 0
        if not isinstance(value, str) or not value:
            return value
        if is_secret or is_named(name):
            return value if is_secret and _is_kept(value, name, place) else SECRET
        return self.text(value, name, place)

    def _object(self, value: Mapping[str, Any], name: str, place: Place | None, *, is_secret: bool) -> Record:
        shape = self._shapes.shape(place) if place else Shape("object")
        is_closed = place is not None and place.schema.get("additionalProperties") is False
        is_person = any(key.lower().endswith("email") for key in value)
        made = {}
        for key, one in value.items():
            if key in shape.properties or not is_closed:
                safe = key if key in self._names else self.text(key, "", None)
                called = "fullName" if is_person and key == "name" else key
                described = shape.properties.get(key, shape.others)
                made[safe] = self._value(one, called, described, is_secret=is_secret or is_named(name))
        return made

    def text(self, value: str, name: str, place: Place | None) -> str:
        """Return what replaces a text in a field of this name; without a place, in a free one."""
        if _is_kept(value, name, place):
            return value
        if value in self.replaced:
            return self.replaced[value]
        made = self._segments(value) if self._is_dotted(value, place) else self._new(value, name, place)
        self.replaced[value] = made
        self._taken.add(made)
        return made

    def _is_dotted(self, value: str, place: Place | None) -> bool:
        """Return True for names below names: "PII.email" stays below what "PII" becomes."""
        is_free = place is None or not place.schema.keys() & {"pattern", "format"}
        return is_free and all(map(str.isidentifier, value.split("."))) and "." in value

    def _segments(self, value: str) -> str:
        return ".".join(self.text(one, "", None) for one in value.split("."))

    def _new(self, value: str, name: str, place: Place | None) -> str:
        """Make a text of the same kind that replaces no other one."""
        schema = place.schema if place else {}
        make = self._maker(value, name, schema)
        longest = schema.get("maxLength", len(value) + 60)
        for number in range(MOST_TRIES):
            digest = sha256(f"{self._seed}:{number}:{value}".encode()).digest()
            made = make(Random(digest))[:longest]
            if made != value and made not in self._taken:
                return made
        return _letters(Random(digest), 16)

    def _maker(self, value: str, name: str, schema: Mapping[str, Any]) -> Callable[[Random], str]:
        if "pattern" in schema or schema.get("format") not in (None, "email", "uri"):
            return lambda random: _scrambled(value, random)
        if EMAIL.fullmatch(value):
            return lambda random: f"{self._fake(random).user_name()}.{random.randrange(1000)}@example.com"
        if ADDRESS.fullmatch(value):
            return lambda random: f"https://{_letters(random, 8)}.example.com/{_letters(random, 8)}"
        if " " in value.strip() and (len(value) > 40 or "\n" in value):
            return lambda random: self._fake(random).sentence(nb_words=min(len(value.split()), 12))
        if IDENTIFIER.fullmatch(value):
            return lambda random: _scrambled(value, random)
        person = next((kind for named, kind in PERSONS if named.search(name)), "")
        if person:
            return lambda random: str(getattr(self._fake(random), person)())
        if NAME.search(name) or " " in value.strip():
            return lambda random: self._words(value, random)
        return lambda random: _scrambled(value, random)

    def _words(self, value: str, random: Random) -> str:
        """Return words, joined as those of the value are."""
        fake, joint = self._fake(random), next((sign for sign in (" ", "-", "_") if sign in value), "_")
        made = joint.join(fake.words(2 + random.randrange(2)))
        return made if value.islower() else made.title()

    def _fake(self, random: Random) -> Faker:
        self._faker.seed_instance(random.getrandbits(64))
        return self._faker


def _is_kept(value: str, name: str, place: Place | None) -> bool:
    """Return True for what says nothing of anybody: times, words that the contract lists, kinds, schedules, signs.

    Without a place a field may be called anything, and its name says nothing of it.
    """
    if TIME.fullmatch(value) or not any(map(str.isalnum, value)):
        return True
    if place is None:
        return False
    if value in place.schema.get("enum", ()) or place.schema.get("const") == value:
        return True
    if name.lower() == "schedule" and CRON.fullmatch(value):
        return True
    if name.lower() == "source" and value.isalpha() and value.islower():
        return True
    is_type = name.lower().endswith(("type", "types")) and DATA_TYPE.fullmatch(value)
    return bool(is_type or (KINDS.search(name) and WORD.fullmatch(value) and not EMAIL.fullmatch(value)))


def _scrambled(value: str, random: Random) -> str:
    """Return a text of the same form: a digit for each digit, a letter for each letter, hexadecimal ones for those."""
    is_hex = all(sign in string.hexdigits or not sign.isalnum() for sign in value)
    return "".join(_other(sign, random, is_hex=is_hex) for sign in value)


def _other(sign: str, random: Random, *, is_hex: bool) -> str:
    if sign in string.digits:
        return random.choice(string.digits)
    if not sign.isalnum():
        return sign
    letter = random.choice("abcdef" if is_hex else string.ascii_lowercase)
    return letter.upper() if sign.isupper() else letter


def _letters(random: Random, number: int) -> str:
    return "".join(random.choice(string.ascii_lowercase) for _ in range(number))
