import re

import pytest

from engine_do.errors import ConfigError
from engine_do.protocol.ids import RANDOM_BYTES, actor_of, make_engine_sid

RANDOM = "abcdefghijklmnopqrst-_"


def test_a_sid_is_its_random_part_and_its_actor() -> None:
    assert make_engine_sid(RANDOM, "e0") == RANDOM + "e0"


def test_a_sid_has_at_least_120_random_bits_and_22_characters_hold_them() -> None:
    assert RANDOM_BYTES * 8 >= 120
    assert len(RANDOM) * 6 >= RANDOM_BYTES * 8 > (len(RANDOM) - 1) * 6


@pytest.mark.parametrize("actor", ["e0", "A", "-", "_", "z" * 64, "engine-01_x"])
def test_a_sid_says_whose_it_is(actor: str) -> None:
    assert actor_of(make_engine_sid(RANDOM, actor)) == actor


@pytest.mark.parametrize("actor", ["", "z" * 65, "a b", "a/b", "a.b", "a%", "ä", "a\n", "a&b", "a=b", "\u0661"])
def test_a_name_no_url_may_carry_is_refused(actor: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(repr(actor))):
        make_engine_sid(RANDOM, actor)


@pytest.mark.parametrize("random", ["", RANDOM[:-1], RANDOM + "x"])
def test_a_random_part_of_another_length_is_refused_and_not_told(random: str) -> None:
    with pytest.raises(
        ConfigError, match=f"22 random characters of base64url; got {len(random)} characters"
    ) as refusal:
        make_engine_sid(random, "e0")
    assert not random or random not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["", "e0", RANDOM[:-1], RANDOM, RANDOM + "a b", RANDOM + "e0\n", RANDOM + "ä", RANDOM + "z" * 65]
)
def test_text_that_is_no_sid_belongs_to_nobody(text: str) -> None:
    assert actor_of(text) == ""


NO_RANDOM = ["?" * 22, "&sid=" + "x" * 17, "\n" * 22, RANDOM[:-1] + "=", RANDOM[:-1] + "\u0661", " " + RANDOM[1:]]


@pytest.mark.parametrize("random", NO_RANDOM)
def test_text_with_a_random_part_no_url_may_carry_belongs_to_nobody(random: str) -> None:
    assert len(random) == len(RANDOM)
    assert actor_of(random + "e0") == ""


@pytest.mark.parametrize("random", NO_RANDOM)
def test_a_random_part_no_url_may_carry_is_refused_and_not_told(random: str) -> None:
    with pytest.raises(ConfigError, match="22 random characters of base64url") as refusal:
        make_engine_sid(random, "e0")
    assert random not in str(refusal.value)
