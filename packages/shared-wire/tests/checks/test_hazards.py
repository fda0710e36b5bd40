import pytest

from shared_wire.checks.hazards import find_hazards
from shared_wire.checks.sources import Source

#: What was tried with plain workerd: what it refuses to save a snapshot with, or keeps as it was then.
HAZARDS = [
    ("import js\nX = js.Object.new()", "js-object"),
    ("from js import Object\nX = Object.new()", "js-object"),
    ('import js\nX = js.JSON.parse("[]")', "js-object"),
    ("import js\nX = js.crypto.randomUUID()", "js-object"),
    ("from pyodide.ffi import to_js\nX = to_js([])", "js-object"),
    ("from pyodide import ffi\nX = ffi.create_proxy(print)", "js-object"),
    ("from pyodide.ffi import create_once_callable as once\nX = once(print)", "js-object"),
    ('from workers import Response\nX = Response("ok")', "js-object"),
    ("import random\nX = random.random()", "randomness"),
    ("import random as r\nX = r.Random()", "randomness"),
    ("import random\nrandom.seed(5)", "randomness"),
    ("import secrets\nX = secrets.token_hex(4)", "randomness"),
    ("import uuid\nX = uuid.uuid4()", "randomness"),
    ("from os import urandom\nX = urandom(4)", "randomness"),
    ("import time\nX = time.time()", "clock-frozen"),
    ("from datetime import datetime\nX = datetime.now()", "clock-frozen"),
    ("import datetime\nX = datetime.datetime.now(datetime.UTC)", "clock-frozen"),
    ("import asyncio\nX = asyncio.Event()", "shared-state"),
    ("import asyncio\nclass A:\n    lock = asyncio.Lock()", "shared-state"),
    ("import socketio\nsio = socketio.AsyncServer()", "shared-server"),
]


@pytest.mark.parametrize(("text", "code"), HAZARDS)
def test_a_hazard_is_found(text: str, code: str) -> None:
    [found] = find_hazards(Source.parse("src/entry.py", "entry", text))
    assert (found.path, found.line, found.code) == ("src/entry.py", text.count("\n") + 1, code)


@pytest.mark.parametrize(
    "text",
    [
        "import js\nX = js.Object",
        "from js import console",
        'import js\njs.console.log("x")',
        "from random import Random\nX = Random(5)",
        "import random\nX = random.SystemRandom()",
        "import time\nX = time.gmtime(0)",
        "import uuid\nX = uuid.UUID(int=5)",
        "from datetime import timedelta\nX = timedelta(1)",
        "import threading\nX = threading.Lock()",
        "import asyncio\nX = asyncio.timeout",
        "def f(random):\n    pass\nf(random.random())",
    ],
)
def test_what_is_fine_is_not_found(text: str) -> None:
    assert list(find_hazards(Source.parse("entry.py", "entry", text))) == []


def test_a_finding_in_a_function_says_which() -> None:
    text = "import time\ndef f():\n    return time.time()\nX = f()"
    [found] = find_hazards(Source.parse("entry.py", "entry", text))
    assert (found.line, found.what.startswith("time.time() (in f, which the module calls)")) == (3, True)
