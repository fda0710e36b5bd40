"""No ghost stays: every world the model can reach, within its bounds, is visited."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest
from report_model import APART, Closing, Listed, Listing, Move, Said, World, moves, settle

from engine_do.protocol.ids import EngineSid
from engine_do.session.report import UNSETTLED, is_settled, restore
from shared_wire import AcceptDigest, SessionsDigest, digest

S0, S1 = EngineSid("s0"), EngineSid("s1")
NOTHING = digest(()).digest


def explore(start: World, *, sessions: int, under_way: int, check: Callable[[World], str]) -> int:
    """Visit every reachable world; fails with the shortest way to one that ``check`` complains about."""
    came_from: dict[World, Move | None] = {start: None}
    queue = deque([start])
    while queue:
        world = queue.popleft()
        complaint = check(world)
        assert not complaint, f"{complaint} after {way_to(world, came_from)}: {world}"
        for name, after in moves(world, sessions=sessions, under_way=under_way):
            renamed = after.renamed()
            if renamed not in came_from:
                came_from[renamed] = (name, world)
                queue.append(renamed)
    return len(came_from)


def way_to(world: World, came_from: dict[World, Move | None]) -> str:
    names: list[str] = []
    while (move := came_from[world]) is not None:
        names.append(move[0])
        world = move[1]
    return ", ".join(reversed(names))


def a_ghost_nobody_looks_for(world: World) -> str:
    """Complain when the peer knows a session that is gone and nothing that is stored or under way will tell it so."""
    corrected = world.up or any(not isinstance(answer, AcceptDigest) for answer in world.down)
    if world.settled and not corrected and world.known != world.sessions:
        return "settled, but the peer knows other sessions"
    after = world.engine_aborts()
    if after.settled and after.known:
        return "an abort now leaves a ghost for good"
    return ""


def a_ghost_that_stays(world: World) -> str:
    """Complain when sweeps and patience do not bring both sides together."""
    end = settle(world, sweeps=3)
    return "" if end.settled and end.known == end.sessions else "three sweeps later they still differ"


def any_ghost(world: World) -> str:
    return a_ghost_nobody_looks_for(world) or a_ghost_that_stays(world)


#: Sessions ever opened, messages under way; of lives there are any number. Three and four find nothing either, in minutes.
BOUNDS = [(1, 4), (2, 3)]


@pytest.mark.parametrize(("sessions", "under_way"), BOUNDS)
def test_no_ghost_stays(sessions: int, under_way: int) -> None:
    visited = explore(World(), sessions=sessions, under_way=under_way, check=any_ghost)
    assert visited > 1_000


class UnmarkedAnnouncements(World):
    """A world where an announcement does not change the mark."""

    def open(self) -> World:
        opened = super().open()
        return replace(opened, report=replace(opened.report, mark=self.report.mark))


class EqualLives(World):
    """A world where all lives begin with one mark."""

    @property
    def fresh_mark(self) -> int:
        return APART

    def renamed(self) -> World:
        return self


@pytest.mark.parametrize(("sessions", "under_way"), BOUNDS)
@pytest.mark.parametrize("kind", [UnmarkedAnnouncements, EqualLives])
def test_without_marks_there_are_ghosts_and_the_model_sees_them(
    kind: type[World], sessions: int, under_way: int
) -> None:
    with pytest.raises(AssertionError, match=r"ghost for good|knows other sessions"):
        explore(kind(), sessions=sessions, under_way=under_way, check=a_ghost_nobody_looks_for)


def test_an_acceptance_from_before_an_announcement_does_not_settle_an_offer_from_after_it() -> None:
    world = World().open().close(S0).arrive_up().arrive_up()  # the peer knows of nothing, the report is unsettled
    world = world.sweep().arrive_up()  # the empty list is offered, and accepted; the answer is slow
    assert world.down == (AcceptDigest(NOTHING, APART + 1),)
    world = world.open().arrive_up()  # the peer knows s1
    world = world.close(S1).sweep()  # the end is under way, and the empty list is offered again
    world = world.arrive_down()  # the answer to the first offer
    ghosts = world.engine_aborts()  # the end is lost
    assert ghosts.known == {S1}
    assert not ghosts.settled
    assert settle(ghosts, sweeps=2).known == frozenset()


def test_an_acceptance_from_an_older_life_does_not_settle_a_younger_one() -> None:
    world = (
        World().open().close(S0).arrive_up().arrive_up().sweep().arrive_up()
    )  # accepted: nothing; the answer is slow
    world = world.open().arrive_up()  # the peer knows s1
    world = world.engine_aborts(lost_down=0).sweep()  # a new life offers the empty list as well
    assert [offered.digest for offered in world.up if isinstance(offered, SessionsDigest)] == [NOTHING]
    late = world.arrive_down()
    assert late.report == world.report
    assert late.stored == UNSETTLED
    ghosts = late.engine_aborts()  # its offer is lost
    assert ghosts.known == {S1}
    assert not ghosts.settled
    assert settle(ghosts, sweeps=2).known == frozenset()


def test_an_acceptance_that_wakes_the_object_is_forgotten_and_asked_for_again() -> None:
    world = World().open().arrive_up().sweep().arrive_up().engine_wakes()
    assert isinstance(world.down[0], AcceptDigest)
    world = world.arrive_down()
    assert not world.settled
    assert settle(world, sweeps=1).settled


def test_an_acceptance_by_an_older_life_of_the_peer_counts_because_the_peer_forgets_no_session() -> None:
    world = World().open().arrive_up().sweep().arrive_up().peer_aborts(late_down=1).arrive_down()
    assert world.known == {S0}
    assert world.settled


def test_a_world_without_sessions_says_nothing() -> None:
    assert World().settled
    assert World().sweep() == World()


def test_a_session_is_unsettled_before_it_is_said() -> None:
    world = World().open()
    assert world.stored == UNSETTLED
    assert world.up == (Said(S0, opened=True),)
    assert not world.settled


def test_an_accepted_list_is_stored_and_survives_sleep() -> None:
    world = settle(World().open(), sweeps=1)
    assert world.stored == digest([S0]).digest.hex()
    assert world.known == {S0}
    assert world.settled
    assert world.engine_wakes().settled
    assert world.engine_wakes().renamed() == world.renamed()


def test_an_abort_is_seen_in_what_is_stored() -> None:
    world = settle(World().open(), sweeps=1).engine_aborts()
    assert world.known == {S0}
    assert not world.sessions
    assert not world.settled
    assert not is_settled(restore(world.stored, 0), ())
    assert settle(world, sweeps=2).known == frozenset()


def test_a_peer_that_differs_asks_for_the_list_and_ends_what_is_not_on_it() -> None:
    world = settle(World().open().open(), sweeps=1).engine_aborts().sweep().arrive_up()
    assert world.down == (Listing(),)
    world = world.arrive_down()
    assert world.up[0] == Listed(frozenset())
    assert world.arrive_up().known == frozenset()


def test_a_peer_has_closed_what_was_never_announced_to_it() -> None:
    world = World(sessions=frozenset({S0})).say(Listed(frozenset({S0}))).arrive_up()
    assert world.down == (Closing(frozenset({S0})),)
    assert world.arrive_down().sessions == frozenset()


def test_what_is_under_way_is_lost_with_its_life_and_its_sessions_are_closed() -> None:
    world = settle(World().open(), sweeps=1).open().peer_aborts()
    assert world.sessions == {S0}
    assert world.up == (Said(S1, opened=False),)


def test_what_was_not_sent_yet_survives_the_peers_life() -> None:
    world = settle(World().open(), sweeps=1).open().sweep().peer_aborts(lost_up=1)
    assert world.up == (digest([S0, S1], APART + 2), Said(S1, opened=False))


def test_renaming_keeps_apart_what_was_apart_and_no_more() -> None:
    world = World().open().sweep().open().sweep().engine_wakes()
    offers = [one.mark for one in world.up if isinstance(one, SessionsDigest)]
    assert (offers, world.report.mark) == ([APART + 1, APART + 2], 2 * APART + 2)
    renamed = world.renamed()
    assert [one.mark for one in renamed.up if isinstance(one, SessionsDigest)] == [0, 1]
    assert renamed.report.mark == APART
    assert renamed.renamed() is renamed
