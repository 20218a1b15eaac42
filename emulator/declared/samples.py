"""Generates valid values for a schema: seeded, so that the same sandbox generates the same ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.declared.expressions import written_time
from emulator.declared.patterns import fits, matching
from emulator.declared.shapes import NULL, Place, Shapes, type_of
from emulator.store.world import World

ALTERNATIVES = ("oneOf", "anyOf")
DEEPEST = 8
"""The maximum depth of nested objects in a generated value."""


class Samples:
    """Generates values in one transaction of one sandbox."""

    def __init__(self, shapes: Shapes, world: World) -> None:
        self._shapes = shapes
        self._world = world

    def value(self, place: Place, depth: int = 0) -> Any:
        """Return a value for a schema: its const, default, example or enum, or else one of its type."""
        schema = place.schema
        for word in ("const", "default", "example"):
            if word in schema:
                return schema[word]
        for word in ("examples", "enum"):
            if isinstance(schema.get(word), list) and schema[word]:
                return schema[word][0]
        return self.structured(place, depth)

    def structured(self, place: Place, depth: int = 0) -> Any:
        """Return a value by the type that a schema names, whatever its own examples are."""
        if depth < DEEPEST and (alternative := self._alternative(place)):
            made = self.value(alternative, depth + 1)
            beside = {name: value for name, value in place.schema.items() if name not in ALTERNATIVES}
            whole = self.structured(replace(place, schema=beside), depth + 1) if isinstance(made, dict) else None
            return {**whole, **made} if isinstance(whole, dict) else made
        shape, kind = self._shapes.shape(place), type_of(place)
        if shape.kind == "object":
            hidden = shape.marked("writeOnly")
            wanted = [name for name in shape.properties if name in shape.required - hidden and depth < DEEPEST]
            return {name: self.value(shape.properties[name], depth + 1) for name in wanted}
        if shape.kind == "array":
            least = place.schema.get("minItems", 0) if shape.items and depth < DEEPEST else 0
            return [self.value(shape.items, depth + 1) for _ in range(least) if shape.items]
        if kind in ("integer", "number"):
            return self._number(place)
        if kind == "boolean":
            return False
        if kind == "string":
            return self._text(place)
        for number, part in enumerate(place.schema.get("allOf", ())):
            return self.value(self._shapes.followed(place.below(f"/allOf/{number}", part)), depth + 1)
        return None

    def _alternative(self, place: Place) -> Place | None:
        """Return the first schema of `oneOf` or `anyOf` that is not null."""
        for word in ALTERNATIVES:
            for number, part in enumerate(place.schema.get(word, ())):
                if part != NULL:
                    return self._shapes.followed(place.below(f"/{word}/{number}", part))
        return None

    def _number(self, place: Place) -> Any:
        schema = place.schema
        least = schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else schema.get("minimum")
        if least is None:
            most = schema["exclusiveMaximum"] - 1 if "exclusiveMaximum" in schema else schema.get("maximum", 0)
            least = min(most, 0)
        step = schema.get("multipleOf")
        return -(-least // step) * step if step else least

    def _text(self, place: Place) -> str:
        format, least, most = (place.schema.get(word) for word in ("format", "minLength", "maxLength"))
        made = self._formatted(format).ljust(least or 0, "a")[:most]
        pattern = place.schema.get("pattern", "")
        return made if fits(pattern, made) else matching(pattern, self._world.random, least or 0, most) or made

    def _formatted(self, format: str | None) -> str:
        world = self._world
        if format == "uuid":
            return world.uuid()
        if format in ("date-time", "date"):
            return written_time(world.now)[: 10 if format == "date" else None]
        digits = world.hex(8)
        return {"email": f"{digits}@example.com", "uri": f"https://example.com/{digits}"}.get(format or "", digits)
