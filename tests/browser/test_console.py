"""Promise: scale from zero can be watched in the console: it follows the local AWS by itself, says what to do when
nothing is there, shows every name as text, and serves keyboard, narrow screens and dark rooms as well.

Each test is the next step of one story: a local AWS, an endpoint that the real CDK CLI deploys, a clock moved by hand.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chem_endpoints import Endpoint
from chem_endpoints.client.user_folders import STATE_VARIABLE
from chem_endpoints.spec.image_source import image_reference
from chem_endpoints.wire.bundle import verify_archive
from deployed_story import Story, begin_story

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.end_to_end

FOLDER = ".console-test"
NAME = "console-async"
BUNDLE = "examples/bundles/logs-v1.tar.gz"
MOST_MINUTES = 20
CLI = (sys.executable, "-m", "chem_endpoints.cli")
HOSTILE = "<img src=x onerror=\"document.title='struck'\">"

Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def story(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with begin_story(root, tmp_path_factory, FOLDER) as begun:
        serving = {
            "kind": "async",
            "instance_type": "ml.c7i.large",
            "workers": 1,
            "scaling": {"min": 0, "max": 2, "idle_minutes": 5},
        }
        model = {"artifact": BUNDLE, "sha256": verify_archive(root / BUNDLE).digest}
        begun.declare(NAME, {"model": model, "serving": serving})
        yield begun


@pytest.fixture(autouse=True)
def aws_variables(story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    story.enter(monkeypatch)
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))


def expect(locator: Any) -> Any:
    return playwright.expect(locator)


def card(page: Any, name: str = NAME) -> Any:
    return page.locator(f'[data-endpoint="{name}"]')


def processes(page: Any) -> Any:
    return card(page).locator('[data-figure="processes"] strong')


def queue(page: Any) -> Any:
    return card(page).locator('[data-figure="queue"] strong')


def newest_activity(page: Any) -> Any:
    return card(page).locator(".activities > li").first


def pass_until(story: Story, page: Any, count: int) -> None:
    """Lets minutes pass until the page shows so many processes."""
    for _ in range(MOST_MINUTES):
        story.pass_minutes(1)
        page.wait_for_timeout(1500)  # It asks every second.
        if processes(page).inner_text() == str(count):
            return
    raise AssertionError(f"{processes(page).inner_text()} processes after {MOST_MINUTES} minutes, not {count}")


def test_an_empty_one_says_what_to_do(story: Story, visit: Visit, accessibility: Callable[[Any], list[str]]) -> None:
    visited = visit(story.url)
    page = visited.page
    expect(page.get_by_role("heading", name="Nothing is deployed yet")).to_be_visible()
    assert urlsplit(page.url).path == "/_local/console/"
    page.get_by_role("button", name="Copy: chem-endpoints demo").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "chem-endpoints demo"
    assert accessibility(page) == []
    assert (visited.told, visited.elsewhere) == ([], [])


def test_scale_from_zero_is_watched(
    story: Story, visit: Visit, accessibility: Callable[[Any], list[str]], picture: Callable[[Any, str], None]
) -> None:
    visited = visit(story.url)
    page = visited.page
    expect(page.locator("#connection")).to_have_text("Live")
    story.cdk("deploy", NAME)
    expect(card(page).locator("> header .badge")).to_have_text("in service", timeout=20_000)
    expect(processes(page)).to_have_text("1")
    pid = int(card(page).locator("tbody td").nth(1).inner_text())
    os.kill(pid, 0)
    digest = card(page).locator(".digest code").get_attribute("title")
    assert digest == verify_archive(story.root / BUNDLE).digest

    pass_until(story, page, 0)
    expect(newest_activity(page)).to_contain_text("1 → 0")
    expect(card(page).get_by_text("No process runs.")).to_be_visible()
    asleep = card(page).locator(f'[data-alarm="chem-endpoints-{NAME}-sleep"]')
    expect(asleep.locator(".badge")).to_have_text("ALARM")
    expect(asleep.locator(".datapoints")).to_contain_text("0 0 0 0 0")
    assert card(page).get_by_role("link", name="Playground").count() == 0

    jobs = [Endpoint(NAME).submit([smiles]) for smiles in ("CCO", "c1ccccc1", "CC(=O)O")]
    expect(queue(page)).to_have_text("3")
    expect(processes(page)).to_have_text("0")
    pass_until(story, page, 1)
    expect(newest_activity(page)).to_contain_text("0 → 1")
    expect(newest_activity(page)).to_contain_text(f"alarm chem-endpoints-{NAME}-wake")
    for job in jobs:
        assert job.result()["prediction"].notna().all()
    expect(queue(page)).to_have_text("0")
    story.pass_minutes(1)
    expect(card(page).locator('[data-figure="answered"] strong')).to_have_text("3")
    expect(card(page).locator('[data-figure="rows"] strong')).to_have_text("3")
    told = card(page).get_by_role("img").get_attribute("aria-label")
    assert re.search(r"last values were (0, )?1, 0, 1\.", told), told
    picture(page, "console-scale-to-zero")
    page.emulate_media(color_scheme="dark")
    assert accessibility(page) == []
    page.emulate_media(color_scheme="light")
    assert accessibility(page) == []

    pass_until(story, page, 0)
    expect(newest_activity(page)).to_contain_text("1 → 0")
    assert "CCO" not in page.content()
    assert (visited.told, visited.elsewhere) == ([], [])


def test_failures_are_told_and_names_are_text(story: Story, visit: Visit) -> None:
    sagemaker, cloudwatch = story.client("sagemaker"), story.client("cloudwatch")
    image = image_reference(root=story.root, image="base", account="123456789012", region="us-east-1")
    container = {"Image": image, "ModelDataUrl": f"s3://nowhere/{HOSTILE}"}
    role = "arn:aws:iam::123456789012:role/r"
    sagemaker.create_model(ModelName="lost", PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {"VariantName": "V", "ModelName": "lost", "InitialInstanceCount": 1, "InstanceType": "ml.c7i.large"}
    sagemaker.create_endpoint_config(EndpointConfigName="lost", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="lost", EndpointConfigName="lost")
    cloudwatch.put_metric_alarm(
        AlarmName=f"</script><script>document.title='struck'</script>{HOSTILE}",
        Namespace="AWS/SageMaker",
        MetricName=HOSTILE,
        Dimensions=[{"Name": "EndpointName", "Value": "lost"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    visited = visit(story.url)
    page = visited.page
    lost = card(page, "lost")
    expect(lost.locator("> .failure")).to_contain_text(f"Could not access model data at s3://nowhere/{HOSTILE}")
    expect(lost.locator("> header .badge")).to_have_text("Failed")
    expect(lost.locator("[data-alarm] .name")).to_have_text(
        f"</script><script>document.title='struck'</script>{HOSTILE}"
    )
    page.wait_for_timeout(2500)  # Two more looks.
    assert page.locator("main img").count() == 0
    assert page.title() == "Local AWS · Chem Endpoints"
    assert (visited.told, visited.elsewhere) == ([], [])
    cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"] for alarm in _alarms_of(cloudwatch, "lost")])
    sagemaker.delete_endpoint(EndpointName="lost")
    expect(lost).to_have_count(0)


def _alarms_of(cloudwatch: Any, endpoint: str) -> list[dict[str, Any]]:
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    return [alarm for alarm in alarms if {"Name": "EndpointName", "Value": endpoint} in alarm.get("Dimensions", [])]


def test_the_keyboard_opens_what_is_closed_and_it_stays_open(story: Story, visit: Visit) -> None:
    visited = visit(story.url)
    page = visited.page
    summary = card(page).locator(".commands > summary")
    expect(summary).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if summary.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")
    copy = card(page).get_by_role("button", name=f"chem-endpoints wake {NAME}")
    expect(copy).to_be_visible()
    copy.focus()
    before = page.locator('[data-figure="clock"] strong').inner_text()
    expect(page.locator('[data-figure="clock"] strong')).not_to_have_text(before)
    assert copy.evaluate("node => node === document.activeElement")
    page.keyboard.press("Enter")
    command = f"chem-endpoints local run -- chem-endpoints wake {NAME}"
    expect(page.locator("#said")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command
    assert visited.told == []


@pytest.mark.parametrize("width", [320, 400, 1280])
def test_nothing_is_cut_off(story: Story, visit: Visit, width: int) -> None:
    page = visit(story.url, width=width).page
    expect(card(page)).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.getAnimations().length") == 0


def test_it_says_since_when_nothing_answers_and_goes_on_by_itself(story: Story, visit: Visit) -> None:
    visited = visit(story.url)
    page = visited.page
    expect(card(page)).to_be_visible()
    story.run(*CLI, "local", "down")
    expect(page.locator("#connection")).to_have_text(
        re.compile(r"^Not reachable since \d\d:\d\d:\d\d UTC. Start it: chem-endpoints local up --detach$")
    )
    expect(card(page)).to_be_visible()
    story.run(*CLI, "local", "up", "--detach", "--port", str(urlsplit(story.url).port))
    expect(page.locator("#connection")).to_have_text("Live", timeout=20_000)
    expect(page.get_by_role("heading", name="Nothing is deployed yet")).to_be_visible()
    assert [line for line in visited.told if "ERR_" not in line] == []
