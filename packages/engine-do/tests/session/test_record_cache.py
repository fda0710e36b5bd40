from engine_do.protocol.ids import EngineSid
from engine_do.session.record_cache import RecordCache
from engine_do.session.session import Session, to_record

SHORT = Session(engine_sid=EngineSid("s"), pinged_ms=0)


def long(number: int) -> Session:
    return Session(engine_sid=EngineSid("s"), pinged_ms=number, environ=(("HTTP_COOKIE", "c" * 600),))


def test_a_record_is_found_by_its_text() -> None:
    cache = RecordCache()
    cache.keep(to_record(SHORT), SHORT)
    cache.keep(to_record(long(1)), long(1))
    assert cache.short == {to_record(SHORT): SHORT}
    assert cache.long == {to_record(long(1)): long(1)}


def test_the_oldest_gives_way() -> None:
    cache = RecordCache()
    for number in range(2_000):
        cache.keep(str(number), SHORT)
    assert len(cache.short) == 1_024
    assert "1999" in cache.short
    assert "0" not in cache.short


def test_of_handshakes_fewer_are_kept_and_they_push_no_others_out() -> None:
    cache = RecordCache()
    cache.keep(to_record(SHORT), SHORT)
    for number in range(2_000):
        cache.keep(to_record(long(number)), long(number))
    assert len(cache.long) == 64
    assert to_record(long(1_999)) in cache.long
    assert to_record(SHORT) in cache.short
