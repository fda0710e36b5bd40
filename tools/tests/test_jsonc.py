import pytest

from local_runtime.errors import ProjectInvalid
from local_runtime.jsonc import loads


def test_comments_and_trailing_commas() -> None:
    text = """
    // first
    { "a": 1, /* two
       lines */ "b": [1, 2, ], // last
      "c": {"d": true,},
    }
    """
    assert loads(text) == {"a": 1, "b": [1, 2], "c": {"d": True}}


@pytest.mark.parametrize(
    "value", ["http://x//y", "/* no comment */", "a, ]", ",}", 'quote \\" // still in', "\\\\"]
)
def test_strings_are_left_alone(value: str) -> None:
    assert loads(f'{{"a": "{value}",}}')["a"] == value.replace('\\"', '"').replace("\\\\", "\\")


def test_an_error_names_file_and_line() -> None:
    with pytest.raises(ProjectInvalid, match=r"wrangler\.jsonc: line 4"):
        loads('/* one\ntwo */\n{"a": 1,\n b: 2}', name="wrangler.jsonc")


def test_only_an_object_is_a_config() -> None:
    with pytest.raises(ProjectInvalid, match="expected an object"):
        loads("[]")
