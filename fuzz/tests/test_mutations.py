from random import Random

import pytest

from fuzz.mutations import BYTES, TEXT, lengthen, mutate


def test_the_same_chance_makes_the_same_changes() -> None:
    made = [[mutate('2["a"]', "0{}", TEXT, chance, 100) for _ in range(200)] for chance in (Random(1), Random(1))]
    assert made[0] == made[1]
    assert len(set(made[0])) > 150


@pytest.mark.parametrize("empty", [0, 1])
def test_bytes_stay_bytes_and_text_stays_text_also_where_there_is_nothing(empty: int) -> None:
    chance = Random(2)
    for _ in range(500):
        assert isinstance(mutate("ab"[empty:][:0], "", TEXT, chance, 100), str)
        assert isinstance(mutate(b"ab"[empty:], b"", BYTES, chance, 100), bytes)


def test_a_mutated_input_is_cut() -> None:
    chance = Random(3)
    assert max(len(mutate("a" * 90, "b" * 90, TEXT, chance, 100)) for _ in range(500)) == 100


def test_a_piece_is_repeated_up_to_a_size() -> None:
    assert 5_000 < len(lengthen('2["a"]', 5_000, Random(4))) < 6_000
    assert lengthen("", 5_000, Random(4)) == ""
