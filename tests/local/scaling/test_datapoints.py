"""Statistics over periods."""

from datetime import UTC, datetime, timedelta

import pytest

from chem_endpoints.local.scaling.datapoints import Datapoints, Datum, Series

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
SERIES = Series.of("AWS/SageMaker", "ModelLatency", {"EndpointName": "a", "VariantName": "AllTraffic"})
MINUTE = timedelta(minutes=1)


def statistic(name: str, data: list[Datum]) -> float | None:
    return Datapoints({SERIES: data}).statistic(SERIES, name, START, START + MINUTE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("SampleCount", 100),
        ("p99", 99),
        ("p50", 50),
    ],
)
def test_single_values(name: str, value: float) -> None:
    assert statistic(name, [Datum.of(START, number) for number in range(1, 101)]) == value


def test_summaries_add_up_and_have_no_percentiles() -> None:
    data = [Datum(START, 10, 0, 5, 4), Datum(START, 2, 2, 2, 1)]
    assert statistic("Average", data) == 12 / 5
    assert statistic("p99", data) is None
    assert statistic("p99", [Datum(START, 4, 2, 2, 2), Datum.of(START, 1)]) == 2


def test_a_period_has_its_start_and_not_its_end() -> None:
    data = [Datum.of(START - MINUTE, 1), Datum.of(START, 2), Datum.of(START + MINUTE, 4)]
    assert statistic("Sum", data) == 2


def test_other_namespaces_names_and_dimensions_are_other_metrics() -> None:
    data = Datapoints({SERIES: [Datum.of(START, 1)]})
    for other in (
        Series.of("other", SERIES.name, dict(SERIES.dimensions)),
        Series.of(SERIES.namespace, "other", dict(SERIES.dimensions)),
        Series.of(SERIES.namespace, SERIES.name, {"EndpointName": "a"}),
    ):
        assert data.statistic(other, "Sum", START, START + MINUTE) is None


@pytest.mark.parametrize("name", ["tm90", "p101", "px", "IQM"])
def test_an_unknown_statistic_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"no statistic {name}"):
        statistic(name, [Datum.of(START, 1)])
