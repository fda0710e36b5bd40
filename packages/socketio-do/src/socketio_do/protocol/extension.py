"""Values of MessagePack that neither JSON nor Python has a type for."""

from dataclasses import dataclass

__all__ = ["Extension"]


@dataclass(frozen=True, slots=True)
class Extension:
    """A value of a type of its own: ``code``, from -128 to 127, says which.

    A ``Date`` of JavaScript comes and goes as one of code 0: 8 bytes, big-endian, the signed milliseconds since the epoch.
    """

    code: int
    data: bytes

    def __post_init__(self) -> None:
        if not -0x80 <= self.code < 0x80:
            raise ValueError(f"the code of an extension is from -128 to 127, not {self.code}")
