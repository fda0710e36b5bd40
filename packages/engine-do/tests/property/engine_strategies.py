"""What hypothesis draws: configurations, sessions, inputs, requests."""

import string

from hypothesis import settings
from hypothesis import strategies as st

from engine_do.config import ALARM_SLACK_MS, EngineConfig
from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    FrameReceived,
    Input,
    Phase,
    Session,
    SocketGone,
    Swept,
)
from shared_wire.reasons import Reason

#: The machine may be busy: only wrong answers fail, slow ones do not.
unhurried = settings(deadline=None)

#: What a header's name is made of.
TOKEN = string.ascii_lowercase + string.digits + "!#$%&'*+-.^_`|~"
URL_SAFE = string.ascii_letters + string.digits + "-_"

times = st.integers(0, 2**53)
frames = st.one_of(
    st.text(),
    st.binary(),
    st.builds(str.__add__, st.sampled_from("0123456789b"), st.text()),
    st.text(st.characters()),
)
#: Frames that are packets, without what separates packets of revision 4 in a body.
packet_frames = st.binary(max_size=40) | st.builds(
    str.__add__,
    st.sampled_from("0123456"),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1e"), max_size=40),
)
actors = st.text(URL_SAFE, min_size=1, max_size=64)
randoms = st.text(URL_SAFE, min_size=22, max_size=22)
environs = st.lists(st.tuples(st.text(), st.text()), max_size=5).map(tuple)


@st.composite
def configs(draw: st.DrawFn, min_interval_ms: int = 1) -> EngineConfig:
    """Draw a configuration that does not warn."""
    interval = draw(st.integers(min_interval_ms, 600_000))
    return EngineConfig(
        ping_interval_ms=interval,
        ping_timeout_ms=interval + ALARM_SLACK_MS + draw(st.integers(0, 600_000)),
        max_payload=draw(st.integers(1, 100)),
    )


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Draw a session in any state `step` can leave it in."""
    phase, revision = draw(st.sampled_from(Phase)), draw(st.sampled_from([3, 4]))
    return Session(
        engine_sid=EngineSid(draw(randoms) + draw(actors)),
        pinged_ms=draw(times),
        unanswered_ms=draw(st.none() | times) if revision == 4 else None,
        deadline_ms=draw(st.none() | times),
        environ=draw(st.none() | environs) if phase is Phase.OPEN else None,
        phase=phase,
        revision=revision,
        base64=draw(st.booleans()),
    )


inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(FrameReceived, frames),
    st.builds(SocketGone, failed=st.booleans()),
    st.builds(CloseRequested, st.sampled_from(Reason)),
    st.just(Admitted()),
    st.builds(Swept, times, st.none() | times, st.booleans()),
)


@st.composite
def requests(draw: st.DrawFn) -> HttpRequest:
    """Draw a request a runtime can hand over: names are tokens, values are any text, the URL has been parsed once."""
    names = st.text(TOKEN, min_size=1, max_size=40)
    values = st.one_of(st.text(max_size=200), st.text(st.characters(max_codepoint=255)), big_values)
    return HttpRequest(
        method=draw(st.sampled_from(["GET", "POST", "PUT"])),
        url="https://chat.example/engine.io/?" + draw(st.text(string.printable.replace("#", ""), max_size=300)),
        headers=draw(st.dictionaries(names, values, max_size=40)),
        remote_address=draw(st.sampled_from(["", "192.0.2.7", "2001:db8:0:0:0:0:0:1"])),
    )


big_values = st.builds(
    str.__mul__, st.sampled_from(["x", '"', "\\", "\u00e9", "\u20ac", "\U0001f600", "\ud800"]), st.integers(0, 20_000)
)
