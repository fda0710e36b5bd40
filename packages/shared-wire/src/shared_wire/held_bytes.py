"""How many bytes are held for whom, and who must give way when it is too much."""

__all__ = ["HeldBytes"]


class HeldBytes:
    """Counts bytes by holder, against what one may hold and what all may hold together."""

    def __init__(self, *, of_one: int, of_all: int) -> None:
        """Set the limits, in bytes."""
        self._of_one = of_one
        self._of_all = of_all
        self._held: dict[str, int] = {}
        self.total = 0

    def add(self, holder: str, size: int) -> str | None:
        """Count more bytes of a holder; returns who must give way.

        That is the holder when it is over its own limit, and whoever holds most when all together are over theirs.
        """
        held = self._held[holder] = self._held.get(holder, 0) + size
        self.total += size
        if held > self._of_one:
            return holder
        if self.total > self._of_all:
            return max(self._held, key=self._held.__getitem__)
        return None

    def release(self, holder: str, size: int) -> None:
        """Count bytes of a holder no longer; those of one that was dropped are not counted any more."""
        held = self._held.get(holder)
        if held is None:
            return
        self.total -= min(size, held)
        if held > size:
            self._held[holder] = held - size
        else:
            del self._held[holder]

    def drop(self, holder: str) -> None:
        """Count nothing of a holder any more."""
        self.total -= self._held.pop(holder, 0)

    def held(self, holder: str) -> int:
        """Return how many bytes are counted for a holder."""
        return self._held.get(holder, 0)
