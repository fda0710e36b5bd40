from collections.abc import Iterator
from typing import Any

import pytest

from shared_wire.testing.storage import ObjectStorage
from shared_wire.testing.values import JsException


@pytest.fixture
def storage() -> Iterator[ObjectStorage]:
    made = ObjectStorage(lambda at_ms: None, lambda what: None)
    yield made
    made.close()


def test_rows_are_read_by_place_and_by_name(storage: ObjectStorage) -> None:
    storage.sql.exec("CREATE TABLE t (a, b)")
    assert storage.sql.exec("INSERT INTO t VALUES (?, ?), (3, 4)", 1, 2).rowsWritten == 2
    found = storage.sql.exec("SELECT a, b FROM t ORDER BY a")
    assert [[*row] for row in found.raw().toArray()] == [[1, 2], [3, 4]]
    assert [*found] == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert found.rowsRead == found.raw().length == 2
    assert storage.sql.exec("SELECT a FROM t WHERE a = 3").one() == {"a": 3}


def test_several_statements_at_once(storage: ObjectStorage) -> None:
    storage.sql.exec("CREATE TABLE t (a); CREATE TABLE u (b);")
    assert storage.sql.exec("SELECT count(*) FROM u").raw()[0] == [0]


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("SELEKT", []),
        ("SELECT 1 FROM nothing", []),
        (f"SELECT {'+'.join(['?'] * 101)}", [1] * 101),
        (f"SELECT 1 -- {'x' * 100_000}", []),
        ("SELECT length(?)", ["x" * 2_000_001]),
        ("SELECT ?", [2**63]),
    ],
    ids=["no SQL", "no table", "101 parameters", "a long statement", "a large text", "a large number"],
)
def test_what_the_runtime_refuses_is_refused(storage: ObjectStorage, statement: str, parameters: list[Any]) -> None:
    with pytest.raises(JsException):
        storage.sql.exec(statement, *parameters)


def test_one_row_that_is_not_there_is_an_error(storage: ObjectStorage) -> None:
    with pytest.raises(JsException, match="exactly one"):
        storage.sql.exec("SELECT 1 WHERE 0").one()


def test_keys(storage: ObjectStorage) -> None:
    kv = storage.kv
    for key in ("b:2", "a:1", "b:1"):
        kv.put(key, key.upper())
    assert kv.list({"prefix": "b:"}) == [("b:1", "B:1"), ("b:2", "B:2")]
    assert (kv.get("a:1"), kv.get("none")) == ("A:1", None)
    assert (kv.delete("a:1"), kv.delete("a:1")) == (True, False)
