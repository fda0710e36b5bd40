"""The same raw conversations with Node's socket.io, with python-socketio's own server and with ours; what differs has a reason."""

import asyncio
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import EngineWorker, Worker
from conversations.binary import BINARY
from conversations.events import EVENTS
from conversations.frames import FRAMES
from conversations.handshakes import HANDSHAKES
from conversations.holding import hold
from conversations.namespaces import NAMESPACES
from conversations.polling import POLLING_SESSIONS
from conversations.revision3 import REVISION_3
from conversations.servers import node_server, stock_server
from conversations.steps import NODE, STOCK, Conversation

ALL = (*HANDSHAKES, *POLLING_SESSIONS, *FRAMES, *REVISION_3, *NAMESPACES, *EVENTS, *BINARY)
OURS = "ours"
SIDE_BY_SIDE = 25
PATIENCE_S = 0.2
#: A difference counts when it is there as well with this patience.
MORE_PATIENCE_S = 1.5

_TABLE = tomllib.loads((Path(__file__).parent / "conversations" / "differences.toml").read_text(encoding="utf-8"))
#: Why a conversation is another one than Node has; and why, where it is Node's, it is not python-socketio's.
OWN_WAY = {name: entry["reason"] for entry in _TABLE["difference"] for name in entry["names"]}
NODES_WAY = {name: entry["reason"] for entry in _TABLE["as_node"] for name in entry["names"]}
#: Those that are held against python-socketio's own server as well.
WITH_STOCK = [one for one in ALL if STOCK in one.references and one.name not in OWN_WAY]

Urls = Mapping[str, Mapping[str, str]]
Transcripts = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def urls(worker: Worker, engine_worker: EngineWorker) -> Iterator[Urls]:
    """Where each server serves each place."""
    with ExitStack() as stack:
        node, stock = (stack.enter_context(serving()) for serving in (node_server, stock_server))
        yield {
            NODE: {"/socket/": node, "/echo/": node},
            STOCK: {"/socket/": stock, "/echo/": stock},
            OURS: {"/socket/": worker.url, "/echo/": engine_worker.url},
        }


@pytest.fixture(scope="module")
def transcripts(urls: Urls) -> Transcripts:
    """What the clients got: of each conversation, by server. What is not as expected is held again, with more patience."""
    found = asyncio.run(_hold(ALL, urls, PATIENCE_S))
    doubtful = [conversation for conversation in ALL if not _is_as_expected(conversation, found[conversation.name])]
    return {**found, **asyncio.run(_hold(doubtful, urls, MORE_PATIENCE_S))}


async def _hold(conversations: Iterable[Conversation], urls: Urls, patience_s: float) -> Transcripts:
    found: Transcripts = {conversation.name: {} for conversation in conversations}

    async def one(conversation: Conversation, server: str, free: asyncio.Semaphore) -> None:
        async with free:
            url = urls[server][conversation.place]
            found[conversation.name][server] = await hold(conversation, url, patience_s)

    async def by(server: str) -> None:
        free = asyncio.Semaphore(SIDE_BY_SIDE)
        chosen = (one for one in conversations if server in (OURS, *one.references))
        await asyncio.gather(*(one(conversation, server, free) for conversation in chosen))

    await asyncio.gather(*map(by, (NODE, STOCK, OURS)))
    return found


def _is_as_expected(conversation: Conversation, held: Mapping[str, list[str]]) -> bool:
    if is_as_node(held) == (conversation.name in OWN_WAY):
        return False
    return conversation not in WITH_STOCK or is_as_stock(held) != (conversation.name in NODES_WAY)


def as_content(line: str) -> str:
    """Leave out of an open packet the order of its keys and, in revision 3, its length, in which the sid's is."""
    return re.sub(r"^(\w+ 200 )\d+:0{", r"\g<1>0{", line).replace(
        '"pingTimeout":5000000,"pingInterval":6000000', '"pingInterval":6000000,"pingTimeout":5000000'
    )


def as_stock_has_it(line: str) -> str:
    """Leave out what python-engineio words in its own way: the bodies of refusals, and "OK"."""
    return re.sub(r"^((?:held: )?\w+ [45]\d\d)\b.*", r"\1", as_content(line), flags=re.DOTALL).replace(
        "POST 200 OK", "POST 200 ok"
    )


def is_as_node(held: Mapping[str, list[str]]) -> bool:
    """Return whether the client got from us what Node would have sent."""
    return [as_content(line) for line in held[OURS]] == [as_content(line) for line in held[NODE]]


def is_as_stock(held: Mapping[str, list[str]]) -> bool:
    """Return whether the client got from us what python-socketio would have sent."""
    return [as_stock_has_it(line) for line in held[OURS]] == [as_stock_has_it(line) for line in held[STOCK]]


@pytest.mark.parametrize("conversation", ALL, ids=lambda conversation: conversation.name)
def test_a_client_gets_what_node_sends_or_there_is_a_reason(
    conversation: Conversation, transcripts: Transcripts
) -> None:
    expected = conversation.name not in OWN_WAY
    held = transcripts[conversation.name]
    assert is_as_node(held) == expected, held


@pytest.mark.parametrize("conversation", WITH_STOCK, ids=lambda conversation: conversation.name)
def test_a_client_gets_what_python_socketio_sends_or_what_node_does(
    conversation: Conversation, transcripts: Transcripts
) -> None:
    expected = conversation.name not in NODES_WAY
    held = transcripts[conversation.name]
    assert is_as_stock(held) == expected, held


def test_the_table_names_conversations_and_is_short() -> None:
    names = [conversation.name for conversation in ALL]
    assert len(set(names)) == len(names) > 300
    assert OWN_WAY.keys() | NODES_WAY.keys() <= set(names)
    assert not OWN_WAY.keys() & NODES_WAY.keys()
    assert len(_TABLE["difference"]) + len(_TABLE["as_node"]) <= 30
