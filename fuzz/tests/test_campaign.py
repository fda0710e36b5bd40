import pytest
from planted import compare_all, crash, hang, planted, read_once

from fuzz.campaign import Campaign
from fuzz.inputs import BATCH, Target, find_input


def _run(target: Target[str], inputs: int = BATCH, processes: int = 1, cases: tuple[str, ...] = ()) -> Campaign:
    campaign = Campaign({"planted": target}, {"planted": cases}, 1, inputs)
    campaign.run(processes, lambda _: None)
    return campaign


def test_a_planted_crash_is_found_and_its_number_makes_it_again() -> None:
    target = planted(crash)
    findings = _run(target, 2 * BATCH).tallies["planted"].findings
    assert findings
    for finding in findings:
        assert finding.what.startswith("IndexError")
        assert finding.number is not None
        assert find_input(target, 1, finding.number) == finding.input
        with pytest.raises(IndexError):
            target.run(find_input(target, 1, finding.number))


def test_a_planted_quadratic_function_is_found() -> None:
    findings = _run(planted(compare_all)).tallies["planted"].findings
    assert findings
    assert all("times" in finding.what for finding in findings)


def test_a_planted_hang_is_found_by_the_count() -> None:
    campaign = Campaign({"planted": planted(hang)}, {}, 1, BATCH)
    _, tally = campaign.do(("planted", 0))
    assert tally.findings
    assert "stopped at" in tally.findings[0].what


def test_a_case_always_runs_and_has_no_number() -> None:
    tally = _run(planted(crash), cases=("fine", "\\")).tallies["planted"]
    [finding, *_] = tally.findings
    assert (finding.input, finding.number) == ("\\", None)


def test_what_is_right_is_counted_and_has_no_findings() -> None:
    tally = _run(planted(read_once), 3 * BATCH, cases=("[",)).tallies["planted"]
    assert (tally.inputs, tally.weighed, tally.findings) == (3 * BATCH + 4, BATCH + 4, [])
    assert sum(tally.outcomes.values()) == tally.inputs
    assert 0 < tally.worst[0] < 10


def test_two_processes_do_what_one_does() -> None:
    one, two = (_run(planted(crash), 4 * BATCH, processes).tallies["planted"] for processes in (1, 2))
    assert one.outcomes == two.outcomes
    assert sorted(finding.number or 0 for finding in one.findings) == sorted(
        finding.number or 0 for finding in two.findings
    )


def test_a_target_may_get_fewer_batches_than_others() -> None:
    rare = Target(**{name: getattr(planted(len), name) for name in Target.__slots__} | {"every": 4})
    campaign = Campaign({"planted": planted(len), "rare": rare}, {}, 1, 10 * BATCH)
    counts = [sum(name == one for name, _ in campaign.jobs) for one in ("planted", "rare")]
    assert counts == [8, 2]
