"""Promise: a benchmark's verdict is what its figure and its target say, printed and handed on in one form."""

from pathlib import Path

import pytest

from benchmarks.figures import FILE_VARIABLE, Beside, Bound, Figures, Verdict, number, read_figures


def test_a_figure_is_judged_by_its_side_of_the_limit() -> None:
    figures = Figures()
    assert figures.at_least("ratio", 5.0, 5.0)
    assert not figures.at_least("small ratio", 4.99, 5.0, aim=6.5)
    assert figures.at_most("growth", 8.0, 8.0, unit="MB")
    assert not figures.at_most("large growth", 8.01, 8.0, unit="MB")
    assert not figures.at_least("no number", float("nan"), 1.0)
    assert [figure.verdict for figure in figures.found] == [
        Verdict.PASS, Verdict.FAIL, Verdict.PASS, Verdict.FAIL, Verdict.FAIL,
    ]  # fmt: skip
    assert figures.exit_status() == 1


def test_what_has_no_target_or_was_skipped_misses_nothing() -> None:
    figures = Figures()
    figures.seen("speed", 94_800.0, unit="rows/s")
    figures.skipped("side (a)", "nginx is not installed")
    assert figures.promise("answers are equal", kept=True)
    assert figures.exit_status() == 0
    assert not figures.promise("names are equal", kept=False)
    assert figures.exit_status() == 1


def test_each_figure_is_one_line_with_its_target_and_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    sides = Beside(ours=0.304, theirs=21.1, unit="ms", whose="(b)")
    Figures().at_least("processor time", 69.4, 35, unit="times less", aim=50, beside=sides, note="two rounds")
    assert capsys.readouterr().out == (
        "PASS    processor time: 69.4 times less (at least 35, aim 50);"
        " 0.304 against 21.1 ms of (b); two rounds\n"
    )  # fmt: skip


def test_the_scoreboard_reads_what_a_benchmark_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "figures.json"))
    figures = Figures()
    figures.at_most("p99", 9.8, 20, unit="ms", note="of 4 000")
    figures.at_least("no number", float("nan"), 1.0)
    figures.exit_status()
    written = read_figures(tmp_path / "figures.json")
    assert written[0] == figures.found[0]
    assert written[1].value is None
    assert written[1].bound is Bound.LEAST


def test_two_figures_of_one_name_are_a_mistake() -> None:
    figures = Figures()
    figures.promise("answers are equal", kept=True)
    with pytest.raises(ValueError, match="two figures are called 'answers are equal'"):
        figures.promise("answers are equal", kept=True)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "0"), (0.3041, "0.304"), (4.0, "4"), (21.14, "21.1"), (999.9, "1\N{NO-BREAK SPACE}000"),
     (94_812.0, "94\N{NO-BREAK SPACE}800"), (-3.456, "-3.46"), (7.6e-7, "0.00000076")],
)  # fmt: skip
def test_numbers_have_three_digits_that_count(value: float, told: str) -> None:
    assert number(value) == told
