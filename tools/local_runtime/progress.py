"""Tells the person who waits what is being done, on stderr."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Progress"]


class Progress:
    """Reports steps: one growing line on a terminal, plain lines elsewhere, nothing if quiet."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._quiet = quiet
        self._stream = sys.stderr if stream is None else stream

    def say(self, text: str) -> None:
        """Print one line."""
        if not self._quiet:
            print(f"local-runtime: {text}", file=self._stream, flush=True)

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Report `label` with the time its block took; a failing block is reported as failed."""
        started = time.monotonic()
        stop = self._announce(label, started)
        outcome = "failed after"
        try:
            yield
            outcome = "done in"
        finally:
            stop()
            self.say(f"{label}: {outcome} {time.monotonic() - started:.1f} s")

    def _announce(self, label: str, started: float) -> "_Stop":
        if self._quiet or not self._stream.isatty():
            self.say(f"{label} ...")
            return _Stop(None, threading.Event())
        ended = threading.Event()
        thread = threading.Thread(target=self._tick, args=(label, started, ended), daemon=True)
        thread.start()
        return _Stop(thread, ended)

    def _tick(self, label: str, started: float, ended: threading.Event) -> None:
        while True:
            elapsed = int(time.monotonic() - started)
            self._stream.write(f"\r\x1b[Klocal-runtime: {label} ... {elapsed} s")
            self._stream.flush()
            if ended.wait(1.0):
                break
        self._stream.write("\r\x1b[K")
        self._stream.flush()


class _Stop:
    """Ends the ticking thread; the line is clear when the call returns."""

    def __init__(self, thread: threading.Thread | None, ended: threading.Event) -> None:
        self._thread = thread
        self._ended = ended

    def __call__(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
