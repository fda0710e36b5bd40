"""The rows of sessions that rest, on SQLite."""

from collections import Counter

from engine_do.protocol.ids import EngineSid
from shared_wire.testing.modules import install
from shared_wire.testing.storage import ObjectStorage

install()
from engine_do.durable.sessions.resting_rows import RestingRows  # noqa: E402 - its package imports what the line before puts in place

RECORDS = [(EngineSid(f"s{number:03}"), f"record {number}") for number in range(30)]


def rows(storage: ObjectStorage) -> RestingRows:
    return RestingRows(storage.sql, Counter())


def make() -> ObjectStorage:
    made = ObjectStorage(lambda *_: None, lambda _: None)
    rows(made).make_table()
    return made


def tables(storage: ObjectStorage) -> list[str]:
    return [row[0] for row in storage.sql.exec("SELECT name FROM sqlite_master").raw()]


def test_an_object_of_which_nothing_ever_rested_has_no_table() -> None:
    storage = ObjectStorage(lambda *_: None, lambda _: None)
    assert list(rows(storage).records()) == []
    assert tables(storage) == []


def test_what_rests_is_found_by_the_next_life_in_pieces() -> None:
    storage = make()
    rows(storage).write(RECORDS)
    assert list(rows(storage).records()) == [record for _, record in RECORDS]


def test_what_was_woken_is_not_found_any_more() -> None:
    storage = make()
    rows(storage).write(RECORDS[:3])
    rows(storage).delete([RECORDS[1][0]])
    assert list(rows(storage).records()) == ["record 0", "record 2"]
    rows(storage).write([(RECORDS[0][0], "anew")])
    assert list(rows(storage).records()) == ["anew", "record 2"]


def test_rows_are_counted() -> None:
    counters = Counter[str]()
    one = RestingRows(make().sql, counters)
    one.write(RECORDS[:2])
    assert counters["rows_written"] == 2
    one.delete([RECORDS[0][0]])
    assert counters["rows_written"] == 3
