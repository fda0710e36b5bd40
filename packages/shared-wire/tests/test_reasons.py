from shared_wire.reasons import Reason


def test_reasons_are_the_texts_of_python_engineio() -> None:
    assert [*Reason] == ["server disconnect", "client disconnect", "ping timeout", "transport close", "transport error"]
