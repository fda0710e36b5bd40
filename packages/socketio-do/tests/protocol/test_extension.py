import pytest

from socketio_do.protocol.extension import Extension


@pytest.mark.parametrize("code", [-128, -1, 0, 127])
def test_an_extension_is_its_code_and_its_bytes(code: int) -> None:
    assert Extension(code, b"x") == Extension(code, b"x") != Extension(code, b"y")


@pytest.mark.parametrize("code", [-129, 128])
def test_a_code_takes_a_byte(code: int) -> None:
    with pytest.raises(ValueError, match="the code of an extension is from -128 to 127"):
        Extension(code, b"")
