"""How an engine finds that the class of its object runs an application."""

from shared_wire.link.placement import ApplicationPort, EnginePort, RunsApplication


class Chat:
    def _begin_application(self, engine: EnginePort) -> ApplicationPort:
        raise NotImplementedError


def test_a_class_that_begins_an_application_runs_one() -> None:
    assert isinstance(Chat(), RunsApplication)


def test_any_other_class_runs_none() -> None:
    assert not isinstance(object(), RunsApplication)
