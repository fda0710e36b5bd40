"""Bindings in the model, as a Worker uses them."""

import asyncio
from typing import Any

import pytest

from shared_wire.testing.bindings import D1Database, KvNamespace, Message, Queue, make_bindings
from shared_wire.testing.values import JsException


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_kv_keeps_texts_and_lists_them() -> None:
    kv = KvNamespace()

    async def use() -> list[str]:
        for key in ("b:1", "a:2", "a:1"):
            await kv.put(key, key.upper())
        await kv.delete("a:2")
        assert await kv.get("a:1") == "A:1"
        assert await kv.get("none") is None
        return [one.name for one in (await kv.list(prefix="a:")).keys]

    assert run(use()) == ["a:1"]


def test_d1_answers_as_statements_do() -> None:
    database = D1Database()

    async def use() -> Any:
        await database.exec("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
        insert = database.prepare("INSERT INTO people (name) VALUES (?)")
        added = await insert.bind("ann").run()
        assert (added.success, added.meta.changes, added.meta.last_row_id) == (True, 1, 1)
        await database.batch([insert.bind("bob"), insert.bind("eve")])
        found = await database.prepare("SELECT name FROM people WHERE id > ?1 ORDER BY id").bind(1).all()
        assert [one.name for one in found.results] == ["bob", "eve"]
        select = database.prepare("SELECT id, name FROM people WHERE name = ?")
        assert (await select.bind("eve").first()).id == 3
        assert await select.bind("eve").first("name") == "eve"
        assert await select.bind("nobody").first() is None
        return await select.bind("ann").raw()

    assert run(use()) == [[1, "ann"]]


def test_a_batch_of_d1_is_all_or_nothing() -> None:
    database = D1Database()

    async def use() -> None:
        await database.exec("CREATE TABLE t (x UNIQUE)")
        insert = database.prepare("INSERT INTO t VALUES (?)")
        with pytest.raises(JsException, match="UNIQUE"):
            await database.batch([insert.bind(1), insert.bind(1)])
        assert await database.prepare("SELECT count(*) AS n FROM t").first("n") == 0

    run(use())


def test_what_a_queue_is_sent_waits() -> None:
    queue = Queue("mail")

    async def use() -> None:
        await queue.send({"to": "ann"})
        await queue.sendBatch([{"body": 1}, {"body": 2}])

    run(use())
    assert queue.sent == [{"to": "ann"}, 1, 2]


def test_a_message_has_one_outcome() -> None:
    message = Message(0, "x")
    message.retry()
    message.ack()
    assert message.outcome == "retried"


def test_bindings_are_made_of_a_configuration() -> None:
    found = make_bindings(
        {
            "vars": {"TITLE": "news"},
            "kv_namespaces": [{"binding": "KV", "id": "1"}],
            "d1_databases": [{"binding": "DB", "database_id": "1"}],
            "queues": {"producers": [{"binding": "MAIL", "queue": "mail"}]},
        }
    )
    assert found["TITLE"] == "news"
    assert [type(found[name]) for name in ("KV", "DB", "MAIL")] == [KvNamespace, D1Database, Queue]
