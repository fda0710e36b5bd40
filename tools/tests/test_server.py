import socket
from dataclasses import replace
from pathlib import Path

import pytest

from local_runtime.errors import ServerFailed
from local_runtime.project import Prepared
from local_runtime.server import DevServer


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_serves_inside_the_block_and_not_after(fake_wrangler: Prepared) -> None:
    with DevServer(fake_wrangler) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.running
        assert listens(server.port)
    assert not server.running
    assert not listens(server.port)


def test_restart_keeps_port_and_log(fake_wrangler: Prepared) -> None:
    with DevServer(fake_wrangler) as server:
        port = server.port
        server.stop()
        assert not listens(port)
        server.start()
        server.kill()
        server.start()
        assert server.port == port
        assert listens(port)
        assert server.log_text().count("fake wrangler false\n") == 3


def test_tracing_is_off_unless_asked_for(fake_wrangler: Prepared, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "wrangler.log"
    with DevServer(fake_wrangler, trace=True, log=log) as server:
        assert "fake wrangler true" in server.log_text()
    assert log.is_file()


def test_given_state_is_kept(fake_wrangler: Prepared, tmp_path: Path) -> None:
    with DevServer(fake_wrangler, state=tmp_path / "state"):
        pass
    assert (tmp_path / "state").is_dir()


def test_a_worker_that_fails_shows_the_log(fake_wrangler: Prepared) -> None:
    failing = replace(fake_wrangler, env={"FAKE_STATUS": "500"})
    with pytest.raises(ServerFailed, match="status 500") as caught, DevServer(failing):
        pytest.fail("it must not come up")
    assert "fake wrangler" in str(caught.value)


def test_a_wrangler_that_ends_shows_the_log(fake_wrangler: Prepared) -> None:
    ending = replace(fake_wrangler, env={"FAKE_STATUS": "0"})
    with pytest.raises(ServerFailed, match="wrangler dev ended") as caught, DevServer(ending):
        pytest.fail("it must not come up")
    assert caught.value.log == "fake wrangler false\n"


def test_a_start_that_hangs_has_an_end(fake_wrangler: Prepared) -> None:
    script = Path(fake_wrangler.wrangler[1])
    script.write_text("import signal\nsignal.pause()\n")
    with (
        pytest.raises(ServerFailed, match=r"No answer within 0\.2 s"),
        DevServer(fake_wrangler, start_seconds=0.2),
    ):
        pytest.fail("it must not come up")


def test_a_port_in_use_is_not_taken_for_ours(fake_wrangler: Prepared) -> None:
    with (
        DevServer(fake_wrangler) as server,
        pytest.raises(ServerFailed, match=f"Port {server.port} is in use"),
        DevServer(fake_wrangler, port=server.port),
    ):
        pytest.fail("it must not come up")
