"""Promise: whoever follows a page, command by command in a fresh clone, sees what the page says."""

import re
from collections.abc import Callable

import pytest

from page_fences import ROOT, page, pages
from page_run import RUN_BY_ITSELF, PageRun

WITH_STEPS = [one for one in pages() if one.steps]
TO_FOLLOW = [one for one in WITH_STEPS if one.run_by is None]


def _parameter(name: str, *, minutes: bool) -> object:
    return pytest.param(name, marks=pytest.mark.thorough if minutes else (), id=name)


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", [_parameter(one.name, minutes=one.takes_minutes) for one in TO_FOLLOW])
def test_the_page_can_be_followed(
    name: str, followed: Callable[[str], PageRun], record_property: Callable[[str, object], None]
) -> None:
    run = followed(name)
    record_property("local_fences", len(run.ran))
    print(f"{name}: {len(run.ran)} fences, {run.seconds:.0f} s")
    assert not run.complaints, "\n\n".join(run.complaints)
    left = [step.fence.body.strip() for step in run.page.steps if step not in [one.step for one in run.ran]]
    assert set(left) <= set(RUN_BY_ITSELF)


def test_no_local_fence_is_left_out() -> None:
    """Whatever the way in which pages are read: each mark in the files is a step of one page that is followed."""
    written = 0
    for one in pages():
        text = (ROOT / one.name).read_text(encoding="utf-8")
        written += len(re.findall(r"^ *(?:`{3,}|~{3,}) *\w+ +local *$", text, re.MULTILINE))
    assert written == sum(len(one.steps) for one in WITH_STEPS)
    assert written > 0


def test_a_page_that_is_run_elsewhere_names_a_test_that_there_is() -> None:
    for one in WITH_STEPS:
        if one.run_by is not None:
            assert (ROOT / one.run_by).is_file(), one.name


def test_every_output_follows_what_prints_it() -> None:
    for one in pages():
        outputs = {output.line for step in one.steps for output in step.outputs}
        assert outputs == {fence.line for fence in one.fences if fence.is_output}, one.name


def test_what_a_page_needs_is_known() -> None:
    from page_run import COMMON_NAMES

    for one in pages():
        assert one.needs <= {"demo", *COMMON_NAMES}, one.name
        assert not (one.needs and not one.steps), f"{one.name}: needs something and runs nothing"
        assert page(one.name) == one
