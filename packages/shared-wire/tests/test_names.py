import pytest

from shared_wire.names import DEFAULT_PEER, PEER_NAME


@pytest.mark.parametrize("name", [DEFAULT_PEER, "a", "x" * 100, "rooms/7", "A.b_c:d-e"])
def test_a_peers_name_is_one(name: str) -> None:
    assert PEER_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "x" * 101, "a b", "ü", "a\n", 'a"'])
def test_another_text_is_none(name: str) -> None:
    assert not PEER_NAME.fullmatch(name)
