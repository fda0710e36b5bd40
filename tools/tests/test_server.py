from local_runtime.project import Prepared
from local_runtime.server import DevServer


def test_tracing_is_off_unless_asked_for(fake: Prepared) -> None:
    with DevServer(fake) as quiet, DevServer(fake, trace=True) as traced:
        assert "traced false\n" in quiet.log_text()
        assert "traced true\n" in traced.log_text()


def test_a_fault_of_colours_is_not_in_the_log(fake: Prepared) -> None:
    with DevServer(fake) as server:
        assert server.log_text().startswith("fake dev --config wrangler.json --local")
