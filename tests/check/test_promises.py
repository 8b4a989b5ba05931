"""Promise: a sound bundle passes every check, and each way of breaking what callers rely on fails the checks of it."""

from pathlib import Path

import pytest

from broken_promises import BROKEN, Break, write_sound_bundle
from chem_endpoints.check import PROMISES, Report, check_bundle
from chem_endpoints.check.report import FAIL, PASS

SECONDS = 1


def checked(folder: Path, broken: Break | None = None) -> Report:
    bundle = write_sound_bundle(folder, broken)
    return check_bundle(bundle, seconds=SECONDS, max_ms=broken.max_ms if broken else None)


def test_a_sound_bundle_passes_every_check(tmp_path: Path) -> None:
    report = checked(tmp_path)
    assert [result.result for result in report.results] == [PASS] * len(PROMISES), str(report)
    assert report.passed
    figures = {result.check: result.figures for result in report.results}
    assert figures["latency"]["rows_1_p50_ms"] > 0
    assert figures["memory"]["peak_bytes"] >= figures["memory"]["before_bytes"] > 50e6


@pytest.mark.thorough
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_bundle_fails_the_checks_that_it_breaks(tmp_path: Path, name: str) -> None:
    broken = BROKEN[name]
    report = checked(tmp_path, broken)
    failed = {result.check for result in report.results if result.result == FAIL}
    assert broken.checks <= failed <= broken.checks | broken.others, str(report)
    assert not report.passed
    assert "CANARY" not in str(report)
    assert all(result.happened and result.remedy for result in report.results if result.result == FAIL)


def test_every_check_fails_for_some_bundle() -> None:
    assert {promise.id for promise in PROMISES} == {check for broken in BROKEN.values() for check in broken.checks}


@pytest.mark.thorough
@pytest.mark.end_to_end
def test_the_committed_example_passes(root: Path) -> None:
    report = check_bundle(root / "examples/bundles/logs-v1.tar.gz", seconds=4)
    assert [result.result for result in report.results] == [PASS] * len(PROMISES), str(report)
