import json
from typing import Any

import pytest
from server_fakes import World, finish

from socketio_do.protocol.packet_json import PacketJson

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["news", {"a": [1, 2.5, True, None]}], '["news",{"a":[1,2.5,true,null]}]'),
        ("Grüße, 世界 😀", '"Grüße, 世界 😀"'),
        ("\ud83d", '"\\ud83d"'),
        ("\ud83d\ude00 \ud83d", '"😀 \\ud83d"'),
        ("\ude00\ud83d ü", '"\\ude00\\ud83d ü"'),
        ('\\\ud800"\n\u2028', '"\\\\\\ud800\\"\\n\u2028"'),
        ({"\udfff": 1}, '{"\\udfff":1}'),
        (NAN, "null"),
        ([INFINITY, -INFINITY, {"x": (NAN, 1.5)}], '[null,null,{"x":[null,1.5]}]'),
        ({NAN: 1, -INFINITY: NAN}, '{"NaN":1,"-Infinity":null}'),
        ((1, 2), "[1,2]"),
        ({1: "a", None: "b", False: "c", 2.5: "d"}, '{"1":"a","null":"b","false":"c","2.5":"d"}'),
        (10**30, "1" + "0" * 30),
    ],
)
def test_a_value_is_written_so_that_every_parser_takes_it(value: Any, text: str) -> None:
    assert PacketJson.dumps(value) == text
    json.loads(text, parse_constant=lambda name: pytest.fail(name))
    text.encode()


@pytest.mark.parametrize("value", [object(), {"a": {1}}, {(1, 2): 3}, [b"x"]])
def test_what_json_cannot_hold_is_an_error_of_whoever_sends_it(value: Any) -> None:
    with pytest.raises(TypeError):
        PacketJson.dumps(value)


def test_clients_get_text_as_text_and_null_for_what_is_no_number() -> None:
    world = World()
    world.connect("e1")
    finish(world.sio.emit("news", {"text": "Grüße", "number": NAN}))
    assert world.take("e1") == ['2["news",{"text":"Grüße","number":null}]']
