"""The newspaper in one process: a variable, a secret, KV, the object's storage, a cron."""

from collections.abc import Mapping

import pytest

from socketio_do.testing import World


@pytest.fixture
def worker_bindings() -> Mapping[str, object]:
    return {"EDITOR_KEY": "the key"}


def test_variables_kv_storage_and_a_cron(world: World) -> None:
    ann, editor = world.client(), world.client()
    assert ann.call("read")["headline"] is None
    assert editor.call("write", "a key", "Lies") == "this is not the editor's key"
    assert editor.call("write", "the key", "Sleep is cheap") == "printed"
    world.sleep()
    world.ring_cron()
    assert ann.received("headline") == editor.received("headline") == ["Sleep is cheap"]
