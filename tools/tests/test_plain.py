from pathlib import Path

from local_runtime.plain import WorkerdServer
from local_runtime.project import CONFIG_FILE, Prepared


def test_one_workerd_serves_the_config_of_the_folder(fake: Prepared, tmp_path: Path) -> None:
    with WorkerdServer(fake, state=tmp_path / "state") as server:
        options = server.log_text().split()[1:]
    assert options[:2] == ["serve", "--experimental"]
    assert f"--socket-addr=http=127.0.0.1:{server.port}" in options
    assert f"--directory-path=storage={tmp_path / 'state'}" in options
    assert options[4] == "workerd.capnp"


def test_what_is_left_out_is_said_at_each_start(fake: Prepared) -> None:
    (fake.folder / CONFIG_FILE).write_text('{"main": "x.py", "assets": {}, "kv_namespaces": []}')
    with WorkerdServer(fake) as server:
        server.start()
        server.kill()
        server.start()
        said = [line for line in server.log_text().splitlines() if line.startswith("local-runtime")]
    assert said == 2 * ["local-runtime: plain workerd serves no assets, kv_namespaces: left out"]
