import pytest

from socketio_do.state import cache as module
from socketio_do.state.cache import TextCache


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> TextCache:
    """Room for three texts of ten characters."""
    monkeypatch.setattr(module, "_ENTRY", 0)
    made = TextCache(30)
    for key in "abc":
        made.keep(key, key * 10)
    return made


def kept(cache: TextCache, keys: str = "abcd") -> str:
    return "".join(key for key in keys if cache.find(key) is not None)


def test_a_text_is_found_as_it_was_kept(cache: TextCache) -> None:
    assert cache.find("a") == "a" * 10
    assert cache.find("unknown") is None


def test_the_least_recently_used_makes_room(cache: TextCache) -> None:
    cache.find("a")
    cache.keep("d", "d")
    assert kept(cache) == "acd"


def test_a_text_replaces_its_keys_last_one(cache: TextCache) -> None:
    for _ in range(5):
        cache.keep("b", "new")
    assert cache.find("b") == "new"
    assert kept(cache) == "abc"


def test_a_text_larger_than_all_room_is_not_kept(cache: TextCache) -> None:
    cache.keep("d", "d" * 31)
    assert kept(cache) == ""
    cache.keep("d", "d" * 30)
    assert kept(cache) == "d"


def test_what_is_dropped_makes_room(cache: TextCache) -> None:
    cache.drop("b")
    cache.drop("unknown")
    cache.keep("d", "d" * 10)
    assert kept(cache) == "acd"


def test_empty_texts_are_bounded_too() -> None:
    cache = TextCache(1_000)
    for number in range(100):
        cache.keep(str(number), "")
    assert len(cache._texts) == 5
