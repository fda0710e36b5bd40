import inspect
import re

import pytest

from shared_wire import limits
from shared_wire.limits import MAX_ATTEMPTS, MAX_CHANGES, MAX_EARLY_FRAMES, MAX_FRAME_BYTES, MAX_ITEMS, MAX_QUEUED
from shared_wire.link.session_lists import PIECE


def test_the_limits_are_pinned() -> None:
    assert {name: getattr(limits, name) for name in limits.__all__} == {
        "MAX_FRAME_BYTES": 32_505_856,
        "MAX_ITEMS": 32_768,
        "MAX_QUEUED": 20_000,
        "MAX_QUEUED_BYTES": 12_582_912,
        "MAX_EARLY_FRAMES": 64,
        "MAX_EARLY_BYTES": 8_388_608,
        "MAX_CHANGES": 10_000,
        "MAX_ATTEMPTS": 6,
        "MAX_DEPTH": 100,
        "MAX_CONTAINERS": 50_000,
        "MAX_VALUES": 500_000,
        "MAX_DIGITS": 1_000,
        "MAX_COLLISIONS": 32,
        "MAX_LOOKUPS": 25_000_000,
        "FEW_KEYS": 256,
        "FEW_QUEUED_BYTES": 1_048_576,
    }


@pytest.mark.parametrize("name", limits.__all__)
def test_each_limit_has_its_reason_above_it(name: str) -> None:
    assert re.search(rf"^#: .+(?:\n#: .+)*\n{name}: Final = ", inspect.getsource(limits), re.MULTILINE)


def test_a_frame_fits_an_rpc_with_room_to_spare() -> None:
    assert MAX_FRAME_BYTES + 1024 * 1024 <= 32 * 1024 * 1024


def test_one_list_can_name_every_socket_of_an_object() -> None:
    assert MAX_ITEMS >= 32_768


def test_a_piece_of_a_report_is_a_list_that_fits() -> None:
    assert PIECE <= MAX_ITEMS


def test_the_longest_list_of_the_longest_sids_stays_a_frame() -> None:
    assert MAX_ITEMS * (4 + 256) < MAX_FRAME_BYTES


def test_what_waits_fits_in_memory_and_a_failure_is_tried_again() -> None:
    assert MAX_QUEUED <= MAX_ITEMS
    assert MAX_CHANGES <= MAX_ITEMS
    assert MAX_EARLY_FRAMES > 1
    assert MAX_ATTEMPTS > 1
