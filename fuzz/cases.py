"""Inputs that always run, besides those by chance: what was found once, and what is known to hurt parsers.

An input is handled, and weighed, as any other. What is found is added here as the least input that shows it.
"""

from typing import Final

__all__ = ["CASES"]


def _json(count: int) -> tuple[str, ...]:
    """Make texts that are known to hurt parsers of JSON: so many brackets, quotes, keys or values, or ten times as many digits."""
    keys = ",".join(f'"k{at}":1' for at in range(count // 2))
    wide = "[" * 60 + "]" * 60
    return (
        *(
            "[" * count,
            "[" * count + "]" * count,
            '{"a":' * count,
            '[{"":' * count,
            "[[]," * count,
            "]" * count,
            '["' * count,
        ),
        *("9" * 10 * count, "[" + "9" * 4_299 + "]", "[1e" + "9" * 10 * count + "]", "[0." + "1" * 10 * count + "]"),
        *('"' * count, '"' + "\\" * count, '"' + '\\"' * count, '"' + "\\u00" * count, '"' + "\\ud800" * count + '"'),
        *(
            "[" + "[]," * count + "0]",
            "[" + "{}," * count + "0]",
            "[" + "0," * count + "0]",
            "[" + '"",' * count + "0]",
        ),
        *(
            "{" + keys + "}",
            "[" + "{" + keys + "}",
            '{"":' + " " * 10 * count + "1}",
            "[" + (wide + ",") * (count // 60) + "0]",
        ),
        *(
            "[" + "1e5," * count + "1]",
            '{"a"' + " " * 10 * count,
            '"a":' * count,
            "\ud800" * count,
            "[" + "true," * count,
        ),
        *("[-" + "0" * 10 * count, "[" + "e" * count, "1e" * count, '["\\ud83d\udc00"]'),
    )


_JSON: Final = _json(20_000)
_DEEP: Final = 20_000

_PLACEHOLDER: Final = '{"_placeholder":true,"num":0}'

#: Inputs by the name of the target.
CASES: Final[dict[str, tuple[str | bytes, ...]]] = {
    "json": _JSON,
    "headers": _JSON,
    "packets": (
        *('2["a",' + text + "]" for text in _JSON),
        *("0" + text for text in _JSON),
        *('51-["a",' + text + "]" for text in _JSON[:7]),
        *(
            "2/" + "a" * 200_000,
            "2/" + "?" * 200_000,
            "0/" + "," * 200_000,
            "2" + "1" * 200_000,
            "5" + "1" * 200_000 + "-",
        ),
        *('2["' + "e" * 200_000 + '"]', "2" + "[" * 101, "511-[" + _PLACEHOLDER),
    ),
    "commands": (*_json(3_000), *('{"_placeholder":[' * n + "1" + "]}" * n for n in (49, 151, 152, 10_000))),
    "records": (
        *_JSON,
        *('{"engine-do":1,"s":' + text + "}" for text in _JSON),
        *('{"engine-do":' + text for text in _JSON),
    ),
    "polling-records": (
        *_JSON,
        *('["' + '{\\"engine-do\\":1,\\"s\\":' + text.replace('"', '\\"') + '}",[],0,"",""]' for text in _JSON),
    ),
    "msgpack": tuple(
        b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1a" + data
        for data in (
            *(
                b"\x91" * _DEEP,
                b"\x81\xa1a" * _DEEP,
                b"\xdd\xff\xff\xff\xff",
                b"\xdf\xff\xff\xff\xff",
                b"\xc6\xff\xff\xff\xff",
            ),
            *(b"\xdc\x40\0" + b"\x90" * 16_384, b"\xde\x40\0" + b"\xa0\xc0" * 16_384, b"\xdc\x40\0" + b"\x80" * 16_384),
            *(
                b"\xdf\0\0\x40\0" + b"".join(b"\xa5%05d\xc0" % at for at in range(16_384)),
                b"\xa1\xed",
                b"\xdb\0\0\0\x04\xf0\x9f\x98",
            ),
        )
    ),
    "assemblies": (
        b'\x0051-["a"' + b',{"_placeholder":true,"num":0}' * 6_000 + b"]\xff\x01abc",
        b'\x0051-["a",' + b"[" * 101 + b'{"_placeholder":true,"num":0}' + b"]" * 102 + b"\xff\x01abc",
        b'\x0053-["a"]' + b"\xff\x01" * 20_000,
        b'\x0051-["a"]\xff\x3c' * 4_000,
    ),
    "payloads": (
        *(
            b"\x00" + b"\x1e" * 200_000,
            b"\x00" + b"\x1e" * 5_000,
            b"\x00" + b"b\x1e" * 5_000,
            b"\x00b" + b"=" * 200_000,
        ),
        *(
            b"\x01" + b"0:" * 5_000,
            b"\x01" + b"1" * 200_000,
            b"\x01" + b":" * 200_000,
            b"\x01" + b"0" * 9 + b":" + b"1:" * 5_000,
        ),
        *(
            b"\x02" + b"\x00\x00\xff" * 5_000,
            b"\x02" + b"\x00" * 200_000,
            b"\x02\x00" + b"\x09" * 10 + b"\xff" + b"x" * 5_000,
        ),
        *(
            b"\x01" + "1:\u20ac".encode() * 5_000,
            b"\x01" + "2:\U0001f600".encode() * 5_000,
            b"\x01" + b"\xff" * 200_000,
        ),
    ),
    "polls": (
        b"\x04\x07" + b"1:2" * 3_000,
        b"\x00\x08" + b"\xff\x064a" * 2_000,
        b"\x00\x07" + b"2\x1e" * 2_000,
        b"\x00\x07" + b"4a\x1e" * 2_000,
        b"\x01\x07" + b"42/1,[1]\x1e" * 1_000,
    ),
    "requests": (
        *("GET EIO=4&transport=polling" + "&a=1" * 20_000, "GET EIO=4&transport=polling&t=" + "%" * 50_000),
        *(
            "GET " + "?" * 50_000,
            "GET EIO=4&transport=polling\naccept-encoding: " + "gzip," * 20_000,
            "GET " + "&" * 50_000,
        ),
        *(
            "GET EIO=4&transport=polling\naccept-encoding: " + ";q=0" * 20_000,
            "GET transport=polling&sid=" + "a" * 50_000,
        ),
        *(
            "GET transport=polling&sid=" + "r" * 22 + "e" + "9" * 60,
            "GET EIO=4&transport=polling\ncontent-length: " + "9" * 50_000,
        ),
        *(
            "GET EIO=4&transport=polling\norigin: " + "[" * 50_000,
            "GET EIO=4&transport=polling\norigin: https://[",
            "GET //[/",
        ),
    ),
    "reports": ("?" * 50_000, "a" * 50_000),
}
