from collections.abc import Callable

import pytest

from engine_do.session.record_checks import facts, listed, text, whole


@pytest.mark.parametrize("value", [0, 1, 1_000, 2**53])
def test_a_number_that_counts(value: int) -> None:
    assert whole(value) == value


@pytest.mark.parametrize(
    ("check", "value"),
    [
        *((whole, value) for value in (-1, 2**53 + 1, 10**400, 1.0, True, None, "1", [1])),
        *((text, value) for value in (None, 1, ["a"], b"a")),
        *((listed, value) for value in (None, 1, "ab", {"a": 1}, ("a",))),
        *((facts, value) for value in (None, "ab", {"a": "b"}, ("a",))),
        *(
            (facts, [["x", "y"], value])
            for value in (None, "ab", [], ["a"], ["a", "b", "c"], ["a", 1], [None, "b"], {"a": 1, "b": 2})
        ),
    ],
)
def test_anything_else_is_refused(check: Callable[[object], object], value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        check(value)


def test_a_number_may_have_a_ceiling_of_its_own() -> None:
    assert whole(1, 1) == 1
    with pytest.raises(ValueError):
        whole(2, 1)


def test_what_fits_comes_back() -> None:
    assert text("") == ""
    assert listed([1, "a"]) == [1, "a"]
    assert facts([]) == ()
    assert facts([["a", ""], ["b", "c"]]) == (("a", ""), ("b", "c"))
