from socketio_do.state.found import Found


def test_what_is_found_is_looked_up_once_and_what_is_not_each_time() -> None:
    rows, asked = {"s1": "one"}, list[str]()

    def look_up(sid: str) -> str | None:
        asked.append(sid)
        return rows.get(sid)

    found = Found(look_up)
    assert [found.find("s1"), found.find("s1"), found.find("s2"), found.find("s2")] == ["one", "one", None, None]
    assert asked == ["s1", "s2", "s2"]
    assert dict(found) == {"s1": "one"}
    rows["s2"] = "two"
    assert found.find("s2") == "two"
    del found["s1"]
    assert found.find("s1") == "one"
