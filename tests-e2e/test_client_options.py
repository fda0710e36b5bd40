"""Every documented option of npm's clients, used against our server: each does what its documentation says.

The lists of options are read from the installed packages: the type declarations of `socket.io-client` and `engine.io-client`,
and what they hand on to Node's own modules. A new option fails the test until a case uses it, or a reason says why none can. One
process of Node runs all cases, in `clients/options.mjs`. For python-socketio's clients, see `test_client_options_python.py`.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import EngineWorker, Worker

from local_runtime import node_command, node_env

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"

#: What each case of `clients/options.mjs` must show.
EXPECTED: dict[str, Any] = {
    # Two namespaces share a session of the engine, unless multiplexing is off or each is to have its own.
    "multiplex": [1, 2, 2],
    "path": ["/parity/", "durable"],
    # Node's server serves a path without the slash only where it is told to; ours serves both.
    "addTrailingSlash": ["/parity", "/parity/"],
    "query": ["tea & co", "1", "blue"],
    "timestampParam": [True, False, True],
    # Polling is stamped unless that is forbidden, WebSockets are when it is asked for.
    "timestampRequests": {"websocket": [True, False], "polling": [False, True], "withoutIt": True},
    "extraHeaders": ["open", "open"],
    "transportOptions": ["slow", "fast"],
    "transports": ["polling polling", *["websocket websocket"] * 2, "polling polling", "websocket websocket"],
    "tryAllTransports": {"nowhere": ["xhr poll error", "websocket"], "only": ["websocket error", "polling"]},
    "upgrade": [["websocket", 1], ["polling", 0]],
    "rememberUpgrade": ["polling", "websocket", "polling"],
    # What travels, and that the bytes come back as they were.
    "forceBase64": [["1", ["string"], True], [None, ["object", "string"], True]],
    "withCredentials": [[None, "io=sid"], [None, None]],
    "protocols": "chat",
    "protocolsAtAnUpgrade": "chat",
    "protocolsOfABrowser": "chat",
    "parser": [["object"], True, 1.5],
    "autoConnect": [[False, True], True],
    "auth": ["ann", "ann 1", "ann 2"],
    "authThatIsRefused": ["not you", {"code": 7}, False],
    "reconnection": [True, True],
    "noReconnection": ["transport close", [], False],
    "reconnectionDelay": {"attempts": 4, "delays": [40, 80, 100, 100]},
    "randomizationFactor": [4, True, True],
    "timeout": ["timeout", True],
    "ackTimeout": ["operation has timed out", "soon"],
    # The first packet is never acknowledged in time; a later one is, and then what waited behind it.
    "retries": [[None, "released"], "behind it", True],
    "retriesOverAReconnection": ["waited", 2],
    "retriesThatAreUsedUp": ["operation has timed out", 2],
    # The server is told, and the page is not.
    "closeOnBeforeunload": ["transport close", [], True],
    # The process ends by itself, or has a timer to wait for.
    "autoUnref": {"with": [0, "connected"], "without": [3, "connected"]},
    "agent": [True, 1],
    # Of TLS nothing is used where there is none.
    "tls": ["polling", "websocket"],
    "localAddress": ["127.0.0.2", "IPv4"],
    # A foreign origin is let in where the configuration says so. Node's server lets any open a WebSocket.
    "origin": [True, "websocket error", True],
    "maxPayload": "transport error",
    # The runtime knows the version of RFC 6455 alone; `ws` under Node takes that of 2011, too.
    "protocolVersion": ["connected", "Unexpected server response: 426"],
    # The extension agreed on, whether much was sent as little, and that it came back. Node's server agrees to none by default.
    "perMessageDeflate": [["permessage-deflate", True, True], ["permessage-deflate", False, True], ["", False, True]],
    "useNativeTimers": [False, True],
    "hostAndPort": ['{"kept": "from the start"}', "{}"],
    "transportImplementations": {
        "fetch": ["polling", "hello"],
        "xhr": ["polling", "hello"],
        "ws": ["websocket", "hello"],
        "builtin": ["websocket", "hello"],
        "both": ["websocket", "hello"],
    },
}

#: Options that nothing can be shown of, and why.
WITHOUT_CASE = {
    "requestTimeout": "under Node, `xmlhttprequest-ssl` has no timeout: it is for browsers",
}


@pytest.fixture(scope="module")
def observed(worker: Worker, engine_worker: EngineWorker) -> dict[str, Any]:
    """Run all cases in one process; gives what each showed, and the options they used."""
    setup = json.dumps({"url": worker.url, "engineUrl": engine_worker.url})
    command = node_command(FOLDER / "clients" / "options.mjs", setup)
    ended = subprocess.run(command, env=node_env(), capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize("case", [*EXPECTED])
def test_an_option_of_npm_s_clients(observed: dict[str, Any], case: str) -> None:
    assert observed["observed"][case] == EXPECTED[case]


def _declared(file: str, interface: str) -> set[str]:
    text = (MODULES / file).read_text(encoding="utf-8")
    body = text.split(f"interface {interface}", 1)[1].split("\n}", 1)[0]
    return set(re.findall(r"^    (\w+)\??:", body, re.MULTILINE))


def _handed_on(file: str) -> set[str]:
    """Name what a transport hands on to Node's own modules: they are options, though some are declared nowhere."""
    picked = re.findall(r"pick\(this\.\w+, ([^)]*)\)", (MODULES / file).read_text(encoding="utf-8"))
    return {name.strip().strip('"') for names in picked for name in names.split(",")}


def test_every_option_of_npm_s_clients_is_used(observed: dict[str, Any]) -> None:
    options = _declared("engine.io-client/build/esm/socket.d.ts", "SocketOptions")
    options |= _declared("socket.io-client/build/esm/manager.d.ts", "ManagerOptions")
    options |= _declared("socket.io-client/build/esm/socket.d.ts", "SocketOptions")
    options |= _handed_on("engine.io-client/build/esm/transports/websocket.js")
    options |= _handed_on("engine.io-client/build/esm/transports/polling-xhr.js")
    assert {"forceNew", "retries", "transportOptions", "localAddress"} < options, "the lists are found"
    assert options == {*observed["used"], *WITHOUT_CASE}
    assert observed["observed"].keys() == EXPECTED.keys()
