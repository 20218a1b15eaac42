"""A cache that is bounded by what its entries take."""

from __future__ import annotations

from emulator.runtime.bounded import BoundedCache


def test_the_least_recently_used_is_dropped_first() -> None:
    cache = BoundedCache[str, int](100)
    for name in "abcd":
        cache.put(name, ord(name), 25)
    assert cache.get("a") == ord("a")
    cache.put("e", ord("e"), 25)
    assert [name for name in "abcde" if cache.get(name) is not None] == ["a", "c", "d", "e"]
    assert (len(cache), cache.bytes) == (4, 100)


def test_one_that_would_take_more_than_a_quarter_is_not_kept() -> None:
    cache = BoundedCache[str, int](100)
    cache.put("small", 1, 25)
    cache.put("large", 2, 26)
    assert (cache.get("small"), cache.get("large"), cache.bytes) == (1, None, 25)


def test_an_entry_that_is_put_again_takes_the_place_of_the_former() -> None:
    cache = BoundedCache[str, int](100)
    cache.put("a", 1, 10)
    cache.put("a", 2, 20)
    assert (cache.get("a"), len(cache), cache.bytes) == (2, 1, 20)


def test_the_owner_is_told_of_each_key_that_is_evicted() -> None:
    evicted: list[str] = []
    cache = BoundedCache[str, int](100, on_evict=evicted.append)
    assert [cache.put(name, 1, 25) for name in "abcdef"] == [True] * 6
    assert not cache.put("large", 1, 26)
    assert evicted == ["a", "b"]


def test_removed_entries_give_their_bytes_back() -> None:
    cache = BoundedCache[str, int](100)
    cache.put("a", 1, 10)
    cache.put("b", 2, 20)
    cache.remove(["a", "unknown"])
    assert (cache.get("a"), cache.get("b"), cache.bytes) == (None, 2, 20)
