"""What takes long to make is kept in a file, as Python keeps a module's .pyc: in a folder __pycache__.

It is believed only if it is whole and was made of exactly the same. Where nothing can be written, nothing is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from importlib.util import cache_from_source
from pathlib import Path
from secrets import token_hex

SIZE = 32
"""Bytes of a digest. A file begins with two: that of what it was made of, and that of what follows."""


class Kept:
    """What is kept for `name`, a path. `made_of` is all that it depends on, the code that makes it included."""

    def __init__(self, name: Path, made_of: Iterable[bytes]) -> None:
        # Python says where: the setting PYTHONPYCACHEPREFIX may move it.
        folder = Path(cache_from_source(str(name))).parent
        self.file = folder / f"{name.name}.{sys.implementation.cache_tag}.kept"
        self._made_of = _digest(made_of)

    def read(self) -> bytes | None:
        """Return what is kept; None if there is nothing, or something stale or broken."""
        try:
            found = self.file.read_bytes()
        except OSError:
            return None
        head, content = found[: 2 * SIZE], found[2 * SIZE :]
        return content if head == self._made_of + _digest([content]) else None

    def write(self, content: bytes) -> None:
        """Keep `content` if that can be. Whoever reads meanwhile finds the former file or this one, never a half."""
        if sys.dont_write_bytecode:
            return
        unfinished = self.file.with_name(f"{self.file.name}.{token_hex(8)}")
        try:
            self.file.parent.mkdir(exist_ok=True)
            unfinished.write_bytes(self._made_of + _digest([content]) + content)
            unfinished.replace(self.file)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


def _digest(parts: Iterable[bytes]) -> bytes:
    digest = blake2b(digest_size=SIZE)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.digest()
