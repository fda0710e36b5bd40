"""Requests that are refused, and the headers of answers: CORS, the cookie, and what the configuration adds."""

import pytest
from clients.polling import site
from clients.raw import handshake
from conftest import EngineWorker

UNKNOWN = "A" * 22


@pytest.mark.parametrize(
    ("query", "method", "status", "code"),
    [
        ("EIO=4&transport=pigeon", "GET", 400, 0),
        ("EIO=4&transport=__proto__", "GET", 400, 0),
        ("EIO=4&transport=", "GET", 400, 0),
        ("EIO=4", "GET", 400, 0),
        (f"EIO=4&transport=polling&sid={UNKNOWN}e0", "GET", 400, 1),
        (f"EIO=4&transport=polling&sid={UNKNOWN}e0", "POST", 400, 1),
        (f"EIO=4&transport=polling&sid={UNKNOWN}e2", "GET", 400, 1),
        (f"EIO=4&transport=polling&sid={UNKNOWN}e00", "GET", 400, 1),
        (f"EIO=4&transport=polling&sid={UNKNOWN}v3-0", "GET", 400, 1),
        (f"EIO=4&transport=polling&sid={UNKNOWN}main", "GET", 400, 1),
        ("EIO=4&transport=polling&sid=constructor", "GET", 400, 1),
        ("EIO=4&transport=polling&sid=" + "A" * 5_000, "GET", 400, 1),
        ("EIO=4&transport=polling", "POST", 400, 2),
        ("EIO=4&transport=polling", "PUT", 400, 2),
        (f"EIO=4&transport=polling&sid={UNKNOWN}e0", "PUT", 400, 3),
        (f"EIO=4&transport=polling&sid={UNKNOWN}e0", "DELETE", 400, 3),
        ("EIO=4&transport=websocket", "GET", 400, 3),
        (f"EIO=4&transport=websocket&sid={UNKNOWN}e0", "GET", 400, 3),
        ("EIO=4&transport=polling&j=0", "GET", 400, 3),
        (f"EIO=4&transport=polling&j=0&sid={UNKNOWN}e0", "POST", 400, 3),
        ("EIO=4&transport=polling&refuse", "GET", 403, 4),
        ("EIO=3&transport=polling", "GET", 400, 5),
        ("transport=polling", "GET", 400, 5),
        ("EIO=__proto__&transport=polling", "GET", 400, 5),
    ],
)
async def test_a_bad_request_gets_the_documented_error(
    engine_worker: EngineWorker, query: str, method: str, status: int, code: int
) -> None:
    async with site(engine_worker.url) as where:
        answer = await where.ask(method, query, data=b"4x" if method == "POST" else None)
        assert answer.error == (status, code), answer.text
        assert answer.headers["content-type"] == "application/json"


async def test_an_upgrade_for_a_session_that_polls_is_no_poll(engine_worker: EngineWorker) -> None:
    status, body = await handshake(engine_worker.url, f"/engine.io/?EIO=4&transport=polling&sid={UNKNOWN}e0")
    assert (status, '"code":3' in body) == (400, True)
    status, body = await handshake(engine_worker.url, f"/engine.io/?EIO=4&transport=websocket&sid={UNKNOWN}e0")
    assert (status, '"code":1' in body) == (400, True)


async def test_where_websockets_are_not_served_nobody_is_offered_one(engine_worker: EngineWorker) -> None:
    async with site(engine_worker.url, "/shop/") as shop:
        client = await shop.open()
        assert client.facts["upgrades"] == []
        status, body = await handshake(engine_worker.url, f"/shop/?EIO=4&transport=websocket&sid={client.sid}")
        assert (status, '"code":0' in body) == (400, True)
        assert await client.receive() == ["4welcome"]


async def test_the_applications_own_check_gives_the_reason(engine_worker: EngineWorker) -> None:
    async with site(engine_worker.url, "/shop/") as shop:
        refused = await shop.ask(query="EIO=4&transport=polling&sunday")
        assert (refused.status, refused.text) == (403, '{"code":4,"message":"closed on Sundays"}')
        assert refused.headers["x-shop"] == "open"


async def test_the_initial_packet_comes_before_what_the_application_sends(engine_worker: EngineWorker) -> None:
    async with site(engine_worker.url, "/shop/") as shop:
        client = await shop.open("greet")
        assert await client.receive(2) == ["4welcome", "4hello"]


async def test_a_handshake_sets_the_cookie_and_other_answers_do_not(engine_worker: EngineWorker) -> None:
    async with site(engine_worker.url, "/shop/") as shop:
        client = await shop.open()
        expected = f"io={client.sid}; Path=/; Max-Age=60; SameSite=Strict; HttpOnly"
        assert client.opened_by.headers["set-cookie"] == expected
        assert client.opened_by.headers["x-shop"] == "open"
        answer = await client.get()
        assert "set-cookie" not in answer.headers
        assert answer.headers["x-shop"] == "open"


async def test_a_page_of_a_foreign_origin_gets_nothing(engine_worker: EngineWorker) -> None:
    for path in ("/engine.io/", "/shop/"):
        async with site(engine_worker.url, path) as where:
            refused = await where.ask(headers={"Origin": "https://evil.example"})
            assert refused.error == (403, 4)
            assert "access-control-allow-origin" not in refused.headers
            preflight = await where.ask("OPTIONS", headers={"Origin": "https://evil.example"})
            assert preflight.status == 204
            assert not [name for name in preflight.headers if name.startswith("access-control-")]


async def test_a_page_of_an_allowed_origin_may_send_cookies_and_headers(engine_worker: EngineWorker) -> None:
    origin = {"Origin": "https://shop.example"}
    expected = {
        "access-control-allow-origin": "https://shop.example",
        "access-control-allow-credentials": "true",
        "vary": "origin",
    }
    async with site(engine_worker.url, "/shop/") as shop:
        preflight = await shop.ask("OPTIONS", headers=origin | {"Access-Control-Request-Headers": "x-token"})
        client = await shop.open(headers=origin)
        for headers in (
            preflight.headers,
            client.opened_by.headers,
            (await client.get(headers=origin)).headers,
            (await client.post("4x", headers=origin)).headers,
            (await client.post("9", headers=origin)).headers,
        ):
            assert expected.items() <= headers.items()
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-headers"] == "x-token"
        assert preflight.headers["access-control-allow-methods"] == "GET,POST"


async def test_a_page_of_the_same_host_may_poll(engine_worker: EngineWorker) -> None:
    async with site(engine_worker.url) as where:
        client = await where.open(headers={"Origin": engine_worker.url})
        assert client.opened_by.headers["access-control-allow-origin"] == engine_worker.url
