import json

from engine_strategies import actors, environs, randoms, requests, sessions, unhurried
from hypothesis import assume, given
from hypothesis import strategies as st

from engine_do.http_request import HttpRequest
from engine_do.protocol.ids import EngineSid, actor_of, make_engine_sid
from engine_do.requests.admission import Transport
from engine_do.requests.handshake import MAX_ENVIRON, make_environ
from engine_do.session.session import MAX_PEERS, SCHEMA, Phase, Session, Unreadable, from_record, read_record, to_record

#: What a Durable Object's socket attachment holds.
ATTACHMENT_BYTES = 16_384

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@unhurried
@given(randoms, actors)
def test_a_sid_tells_its_actor_and_needs_no_escaping(random: str, actor: str) -> None:
    sid = make_engine_sid(random, actor)
    assert actor_of(sid) == actor
    assert sid.startswith(random)
    assert sid.isascii()
    assert sid.replace("-", "").replace("_", "").isalnum()


@unhurried
@given(st.text())
def test_any_text_belongs_to_an_actor_or_to_nobody(text: str) -> None:
    actor = actor_of(text)
    assert actor == "" or text.endswith(actor)
    assert len(actor) <= 64


@unhurried
@given(sessions())
def test_a_session_survives_its_record(session: Session) -> None:
    record = to_record(session)
    assert record.isascii()
    assert from_record(record) == session


@unhurried
@given(st.text())
def test_any_text_of_somebody_elses_is_no_session(text: str) -> None:
    assert from_record(text) is None


@unhurried
@given(values)
def test_any_record_of_somebody_elses_is_no_session(value: object) -> None:
    assume(not isinstance(value, dict) or "engine-do" not in value)
    assert read_record(json.dumps(value)) is None


@unhurried
@given(values.filter(lambda value: type(value) is not int or value < 1 or value > 2**53))
def test_a_record_without_a_schema_is_unreadable(schema: object) -> None:
    record = json.dumps({"engine-do": schema, "s": ["s", 1, 0, None, None, None, 4, 0]})
    assert read_record(record) == Unreadable(EngineSid("s"))


@unhurried
@given(sessions(), st.integers(SCHEMA, 2**53), st.lists(values, max_size=3))
def test_a_record_of_a_later_schema_is_read(session: Session, schema: int, more: list[object]) -> None:
    fields = json.loads(to_record(session))["s"]
    fields = [*(fields if len(fields) > 8 else [*fields, "", []]), *more]
    assert read_record(json.dumps({"engine-do": schema, "s": fields})) == session


#: What each field of a record may look like, and what it may not.
fields = st.tuples(
    *(
        st.one_of(ours, values)
        for ours in (
            st.text(max_size=8),
            st.sampled_from([1, 2]),
            st.integers(),
            st.none() | st.integers(),
            st.none() | st.integers(),
            st.none() | st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3),
            st.sampled_from([3, 4]),
            st.sampled_from([0, 1]),
            st.text(max_size=8),
            st.lists(st.text(max_size=8), max_size=3),
        )
    )
)


@unhurried
@given(fields)
def test_any_fields_are_a_session_of_the_right_types_or_none(found: tuple[object, ...]) -> None:
    session = from_record(json.dumps({"engine-do": SCHEMA, "s": found}))
    if session is None:
        return
    assert isinstance(session.engine_sid, str)
    assert isinstance(session.phase, Phase)
    assert isinstance(session.pinged_ms, int)
    assert isinstance(session.unanswered_ms, int | None)
    assert isinstance(session.deadline_ms, int | None)
    assert all(isinstance(text, str) for fact in session.environ or () for text in fact)
    assert all(len(fact) == 2 for fact in session.environ or ())
    assert session.revision in (3, 4)
    assert isinstance(session.base64, bool)
    assert all(isinstance(text, str) for text in (session.route, *session.peers))
    assert from_record(to_record(session)) == session


@unhurried
@given(requests())
def test_any_handshake_fits_an_attachment_with_the_rest_of_its_session(request: HttpRequest) -> None:
    environ = make_environ(request, Transport.WEBSOCKET)
    session = Session(
        engine_sid=make_engine_sid("r" * 22, "e" * 64),
        pinged_ms=2**53,
        unanswered_ms=2**53,
        deadline_ms=2**53,
        environ=environ,
        base64=True,
        route="\x00" * 21,
        peers=tuple(f"{number}{'n' * 99}" for number in range(MAX_PEERS)),
    )
    assert len(to_record(session).encode("latin-1")) < ATTACHMENT_BYTES
    assert len(json.dumps(environ, separators=(",", ":"))) <= MAX_ENVIRON


@unhurried
@given(requests())
def test_every_header_is_kept_whole_or_named_as_omitted_unless_its_name_has_an_underscore(request: HttpRequest) -> None:
    environ = make_environ(request, Transport.WEBSOCKET)
    omitted = dict(environ).get("engine_do.omitted_headers", "")
    hyphened = {name: value for name, value in request.headers.items() if "_" not in name}
    for name, value in hyphened.items():
        kept = ("HTTP_" + name.upper().replace("-", "_"), value) in environ
        assert kept or name in omitted.split(",") or len(omitted) == 1_000
    names = [name for name, _ in environ]
    assert len(names) == len(set(names)), "no two headers become one name"
    assert {name for name in names if name.startswith("HTTP_")} <= {
        "HTTP_" + name.upper().replace("-", "_") for name in hyphened
    }
    assert "_" not in omitted


@unhurried
@given(environs)
def test_an_environ_survives_its_record(environ: tuple[tuple[str, str], ...]) -> None:
    session = Session(engine_sid=make_engine_sid("r" * 22, "e0"), pinged_ms=0, environ=environ)
    read = from_record(to_record(session))
    assert read is not None
    assert read.environ == environ
