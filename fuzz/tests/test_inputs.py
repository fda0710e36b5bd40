import pytest
from planted import planted

from fuzz.inputs import BATCH, find_input, make_batch
from fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_seed_and_a_number_make_the_same_input_again(name: str) -> None:
    target = TARGETS[name]
    inputs = list(make_batch(target, 5, 2, 60))
    for at in (0, 1, 59):
        assert find_input(target, 5, 2 * BATCH + at) == inputs[at]


def test_another_seed_target_or_batch_makes_others() -> None:
    one = planted(len)
    batches = [tuple(make_batch(one, seed, batch, 50)) for seed in (1, 2) for batch in (0, 1)]
    assert len(set(batches)) == 4


def test_nothing_depends_on_what_the_target_does() -> None:
    def fail(text: str) -> None:
        raise ValueError(text)

    assert list(make_batch(planted(len), 1, 0, 50)) == list(make_batch(planted(fail), 1, 0, 50))


def test_most_inputs_are_small_and_some_are_long() -> None:
    sizes = sorted(len(one) for batch in range(6) for one in make_batch(TARGETS["packets"], 1, batch))
    assert sizes[len(sizes) // 2] < 200
    assert sizes[-1] > 1_000


def test_only_a_documented_error_is_an_outcome() -> None:
    def read(text: str) -> int:
        return len(text) // (text != "a") if text != "b" else int(text)

    target = planted(read, (ZeroDivisionError,))
    assert target.run("a") == target.weigh("a") == "ZeroDivisionError"
    assert target.run("cc") == "2"
    with pytest.raises(ValueError, match="invalid literal"):
        target.run("b")
