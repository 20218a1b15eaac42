"""The errors and warnings of an uploaded file, with their places."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.exchange import Part, Record

KEPT = 100
"""How many errors, and how many warnings, are stored; the rest are only counted."""


@dataclass
class Report:
    """The findings in one file: errors (the row is skipped) and warnings (it is not).

    `part` is the name of the upload's part, `filename` the caller's name of the file.
    """

    part: str
    filename: str
    errors: list[Record] = field(default_factory=list)
    warnings: list[Record] = field(default_factory=list)
    error_count: int = 0
    warning_count: int = 0

    @classmethod
    def on(cls, part: Part) -> Report:
        """Return an empty report on the file in that part."""
        return cls(part.name, part.filename or part.name)

    def error(self, line: int | None, column: str | int | None, message: str) -> None:
        """Add the reason why a row is skipped. `column` is a column's or property's name, or a position in the line."""
        self.error_count += 1
        _keep(self.errors, self._found(line, column, message))

    def warning(self, line: int | None, column: str | int | None, message: str) -> None:
        """Add a warning about a row that is stored."""
        self.warning_count += 1
        _keep(self.warnings, self._found(line, column, message))

    def sentences(self) -> list[str]:
        """Return the errors in words."""
        return [_sentence(found) for found in self.errors]

    def _found(self, line: int | None, column: str | int | None, message: str) -> Record:
        return {"part": self.part, "file": self.filename, "line": line, "column": column, "message": message}


def _keep(found: list[Record], another: Record) -> None:
    if len(found) < KEPT:
        found.append(another)


def _sentence(found: Record) -> str:
    place = [found["file"]]
    if found["line"] is not None:
        place.append(f"line {found['line']}")
    if found["column"] is not None:
        name = found["column"]
        place.append(f'column "{name}"' if isinstance(name, str) else f"column {name}")
    return f"{', '.join(place)}: {found['message']}"
