from fuzz.sequences import fill, many, message_of, read_events


def test_a_sequence_is_cut_at_its_ends() -> None:
    assert list(read_events(b"\x01ab\xff\xff\x02\xff\x03c")) == [(1, b"ab"), (2, b""), (3, b"c")]


def test_a_message_is_text_where_its_kind_is_even() -> None:
    assert message_of(0, b"a\xff") == "a\ufffd"
    assert message_of(1, b"a\xff") == b"a\xff"


def test_harmless_inputs_have_about_the_size() -> None:
    assert len(fill(b"[", b"ab", b"]")(100)) == 100
    assert len(many("[", "ab", "]")(1_000)) == 1_000
    assert many("[", "ab", "]")(0) == "[ab]"
