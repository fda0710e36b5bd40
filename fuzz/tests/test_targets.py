import pytest

from fuzz.cases import CASES
from fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_examples_are_handled(name: str) -> None:
    target = TARGETS[name]
    assert all(isinstance(target.run(one), str) for one in target.examples)
    assert len({target.run(one) for one in target.examples} - {error.__name__ for error in target.refusals}) >= 1


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_harmless_is_not_refused(name: str) -> None:
    target = TARGETS[name]
    refused = {error.__name__ for error in target.refusals}
    assert not [one for make in target.harmless for size in (64, 8_192) if target.run(one := make(size)) in refused]


@pytest.mark.parametrize("name", TARGETS)
def test_harmless_inputs_have_about_the_size(name: str) -> None:
    for make in TARGETS[name].harmless:
        assert 0.5 * 4_096 <= len(make(4_096)) <= 1.3 * 4_096


def test_cases_are_of_targets_and_of_their_kind() -> None:
    for name, cases in CASES.items():
        assert all(type(one) is type(TARGETS[name].examples[0]) for one in cases)
