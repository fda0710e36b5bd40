"""An auction: people log in, bid for lots in rooms, confirm what they win, and an auctioneer closes lots in the background."""

import functools
import time
from collections.abc import Callable
from typing import Any

import socketio

#: As `cors_allowed_origins` is given to either server.
ALLOWED = ["https://auction.example", "https://www.auction.example"]
PASSWORDS = {"ann": "a", "bob": "b", "eve": "e"}
RESERVE = 100
LOOK_S = 0.02


class Office(socketio.AsyncNamespace):
    """The office behind the saleroom: it times each of its events."""

    server: Any

    def __init__(self, namespace: str, house: "House") -> None:
        super().__init__(namespace)
        self.house = house
        self.timings: list[tuple[str, bool]] = []

    async def trigger_event(self, event: str, *args: Any) -> Any:
        began = time.monotonic()
        try:
            return await super().trigger_event(event, *args)
        finally:
            self.timings.append((event, time.monotonic() >= began))

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any) -> bool:
        return bool(auth) and auth.get("staff") == "yes"

    async def on_photo(self, sid: str, lot: str, photo: bytes) -> int:
        self.house.photos[lot] = photo
        await self.server.emit("photo", {"lot": lot, "photo": photo}, room=lot, namespace="/")
        return len(photo)

    async def on_timings(self, sid: str) -> list[Any]:
        return [[*one] for one in self.timings]

    def on_disconnect(self, sid: str) -> None:
        """Accept no reason."""
        self.house.book.append("the office is closed")


class House:
    """What the auction knows, in memory."""

    def __init__(self) -> None:
        self.bids: dict[str, list[tuple[str, int]]] = {}
        self.photos: dict[str, bytes] = {}
        self.sold: list[str] = []
        self.book: list[Any] = []
        self.auctioneer: Any = None

    def best(self, lot: str) -> tuple[str, int] | None:
        return max(self.bids.get(lot, []), key=lambda bid: bid[1], default=None)


def register(sio: socketio.AsyncServer) -> None:
    house = House()
    sio.register_namespace(Office("/office", house))
    _register_doors(sio, house)
    _register_bidding(sio, house)
    _register_endings(sio, house)


def _login_required(sio: socketio.AsyncServer) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the decorator that lets nobody bid who only looks on, and tells the handler who it is."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(handler)
        async def wrapper(sid: str, *args: Any) -> Any:
            session = await sio.get_session(sid)
            if session.get("name") is None:
                return {"error": "log in first"}
            return await handler(sid, session["name"], *args)

        return wrapper

    return decorate


async def _sell(sio: socketio.AsyncServer, house: House) -> None:
    """Sell what has reached its price, for ever."""
    while True:
        for lot in [lot for lot in house.bids if lot not in house.sold]:
            name, price = house.best(lot) or ("", 0)
            if price >= RESERVE:
                house.sold.append(lot)
                await sio.emit("sold", {"lot": lot, "to": name, "for": price}, room=lot)
        await sio.sleep(LOOK_S)


def _register_doors(sio: socketio.AsyncServer, house: House) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        name = (auth or {}).get("name")
        if name is not None and PASSWORDS.get(name) != auth.get("password"):
            raise socketio.exceptions.ConnectionRefusedError("wrong password", {"name": name, "tries": 1})
        if house.auctioneer is None:
            house.auctioneer = sio.start_background_task(_sell, sio, house)
        await sio.save_session(sid, {"name": name, "origin": environ.get("HTTP_ORIGIN")})
        for lot, bids in house.bids.items():
            await sio.emit("history", (lot, [[*bid] for bid in bids]), to=sid)
        await sio.emit("came", name or "a guest", skip_sid=sid)

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        session = await sio.get_session(sid)
        house.book.append(["gone", session["name"], reason, len(sio.rooms(sid))])
        await sio.emit("left", session["name"] or "a guest", skip_sid=sid)

    @sio.event
    async def who_am_i(sid: str) -> Any:
        return await sio.get_session(sid)


def _register_bidding(sio: socketio.AsyncServer, house: House) -> None:
    login_required = _login_required(sio)

    @sio.event
    async def look_at(sid: str, lot: str) -> tuple[str, int]:
        await sio.enter_room(sid, lot)
        return lot, len(sio.rooms(sid))

    @sio.event
    async def look_away(sid: str, lot: str) -> None:
        await sio.leave_room(sid, lot)

    @sio.event
    @login_required
    async def bid(sid: str, name: str, lot: str, price: int) -> Any:
        best = house.best(lot)
        if best is not None and best[1] >= price:
            return {"error": "too low", "best": [*best]}
        house.bids.setdefault(lot, []).append((name, price))
        async with sio.session(sid) as session:
            session["bids"] = session.get("bids", 0) + 1
        await sio.emit("bid", {"lot": lot, "by": name, "price": price}, room=lot, skip_sid=sid)
        return {"ok": True}

    @sio.event
    @login_required
    async def pay(sid: str, name: str, lot: str) -> Any:
        """Ask the client whether it means it, and wait for what it says."""
        said = await sio.call("question", f"pay for {lot}?", to=sid, timeout=10)
        house.book.append(["paid", name, lot])
        return "asked", said


def _register_endings(sio: socketio.AsyncServer, house: House) -> None:
    login_required = _login_required(sio)

    @sio.event
    @login_required
    async def ring(sid: str, name: str) -> None:
        """Emit to everybody, and note who answers."""
        await sio.emit("bell", name, to=sid, callback=lambda *answer: house.book.append(["heard", *answer]))

    @sio.event
    @login_required
    async def close(sid: str, name: str, lot: str) -> None:
        await sio.emit("closing", lot, room=lot)
        await sio.close_room(lot)
        await sio.emit("nobody is told", room=lot)

    @sio.event
    @login_required
    async def show_out(sid: str, name: str, other: str) -> str:
        await sio.disconnect(other)
        return "shown out"

    @sio.event
    async def book(sid: str) -> list[Any]:
        return house.book
