"""What both servers do alike."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from local_runtime.base import LocalServer
from local_runtime.errors import ServerFailed
from local_runtime.plain import WorkerdServer
from local_runtime.project import Prepared
from local_runtime.server import DevServer

pytestmark = pytest.mark.parametrize("server_of", [DevServer, WorkerdServer])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_serves_inside_the_block_and_not_after(
    fake: Prepared, server_of: type[LocalServer]
) -> None:
    with server_of(fake) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.running
        assert listens(server.port)
        assert server.group_id > 0
    assert not server.running
    assert not listens(server.port)


def test_restart_keeps_port_and_log(fake: Prepared, server_of: type[LocalServer]) -> None:
    with server_of(fake) as server:
        port = server.port
        server.stop()
        assert not listens(port)
        server.start()
        server.kill()
        server.start()
        assert server.port == port
        assert listens(port)
        assert server.log_text().count("fake ") == 3


def test_given_state_is_kept(fake: Prepared, server_of: type[LocalServer], tmp_path: Path) -> None:
    with server_of(fake, state=tmp_path / "state") as server:
        assert str(tmp_path / "state") in server.log_text()
    assert (tmp_path / "state").is_dir()


def test_the_log_may_be_kept_too(
    fake: Prepared, server_of: type[LocalServer], tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "server.log"
    with server_of(fake, log=log):
        pass
    assert "fake" in log.read_text()


def test_a_worker_that_fails_shows_the_log(fake: Prepared, server_of: type[LocalServer]) -> None:
    failing = replace(fake, env={"FAKE_STATUS": "500"})
    with pytest.raises(ServerFailed, match="status 500") as caught, server_of(failing):
        pytest.fail("it must not come up")
    assert "fake" in str(caught.value)


def test_a_program_that_ends_shows_the_log(fake: Prepared, server_of: type[LocalServer]) -> None:
    ending = replace(fake, env={"FAKE_STATUS": "0"})
    with (
        pytest.raises(ServerFailed, match=f"{server_of.program} ended") as caught,
        server_of(ending),
    ):
        pytest.fail("it must not come up")
    assert caught.value.log.startswith("fake ")


def test_a_start_that_hangs_has_an_end(fake: Prepared, server_of: type[LocalServer]) -> None:
    hanging = replace(fake, env={"FAKE_STATUS": "1"})
    with (
        pytest.raises(ServerFailed, match=r"No answer within 0\.2 s"),
        server_of(hanging, start_seconds=0.2),
    ):
        pytest.fail("it must not come up")


def test_a_port_in_use_is_not_taken_for_ours(fake: Prepared, server_of: type[LocalServer]) -> None:
    with (
        server_of(fake) as server,
        pytest.raises(ServerFailed, match=f"Port {server.port} is in use"),
        server_of(fake, port=server.port),
    ):
        pytest.fail("it must not come up")
