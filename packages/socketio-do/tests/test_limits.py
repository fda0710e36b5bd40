import pytest

from socketio_do import limits
from socketio_do.assembly import Assemblies
from socketio_do.errors import PacketError
from socketio_do.packets import decode


def hold(engine_sid: str) -> "type[None]":
    return type(None)


def test_the_largest_ack_id_is_the_largest_number_javascript_holds_exactly() -> None:
    assert float(limits.MAX_ID) == limits.MAX_ID
    assert float(limits.MAX_ID + 2) != limits.MAX_ID + 2
    assert decode(f'2{limits.MAX_ID}["x"]').id == limits.MAX_ID
    with pytest.raises(PacketError):
        decode(f'2{limits.MAX_ID + 1}["x"]')


def test_as_many_attachments_as_the_javascript_parser_takes() -> None:
    assert limits.MAX_ATTACHMENTS == 10
    assemblies = Assemblies(hold, lambda engine_sid, size: None)
    assert assemblies.add("e1", '510-["x"]') is None
    with pytest.raises(PacketError):
        Assemblies(hold, lambda engine_sid, size: None).add("e1", '511-["x"]')


def test_a_namespace_as_long_as_allowed_and_one_longer() -> None:
    longest = "/" + "n" * (limits.MAX_NAMESPACE - 1)
    assert decode(f"0{longest},").namespace == longest
    with pytest.raises(PacketError):
        decode(f"0{longest}n,")


@pytest.mark.parametrize("name", limits.__all__)
def test_every_limit_is_a_number_above_nothing(name: str) -> None:
    assert getattr(limits, name) > 0
