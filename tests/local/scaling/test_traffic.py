"""The counters count what was served, once."""

import pytest

from chem_endpoints.local.scaling.traffic import AsyncResult, Minute, Served, Traffic

SERVED = Served("us-east-1", "logs", "AllTraffic")


def send(traffic: Traffic, status: int) -> None:
    with traffic.request("us-east-1", "logs", "AllTraffic") as counted:
        counted.status = status
        counted.model_seconds = 0.5


def test_statuses_and_durations() -> None:
    traffic = Traffic()
    for status in (200, 404, 500, 0):
        send(traffic, status)
    minute = traffic.take().minutes[SERVED]
    assert (minute.invocations, minute.client_errors, minute.server_errors) == (4, 1, 2)
    assert minute.model_seconds == [0.5] * 4
    assert traffic.take().minutes == {}


def test_what_reached_no_container_is_not_counted() -> None:
    traffic = Traffic()
    with pytest.raises(OSError, match="nobody"), traffic.request("us-east-1", "logs", "AllTraffic"):
        raise OSError("nobody listens")
    assert traffic.take().minutes[SERVED].invocations == 0
    assert traffic.take().minutes == {}  # Nor is it busy any more.


def test_a_request_that_lasts_is_busy_in_every_minute_and_counted_in_its_last() -> None:
    traffic = Traffic()
    with traffic.request("us-east-1", "logs", "AllTraffic") as counted:
        for _ in range(3):
            assert traffic.take().minutes == {SERVED: Minute(busiest=1)}
        counted.status, counted.model_seconds = 200, 180.0
    assert traffic.take().minutes == {
        SERVED: Minute(busiest=1, invocations=1, model_seconds=[180.0], overhead_seconds=[0.0])
    }


def test_refused_and_asynchronous_requests() -> None:
    traffic = Traffic()
    traffic.no_capacity("us-east-1", "rare")
    traffic.no_capacity("us-east-1", "rare")
    ends = [AsyncResult(failed=True), AsyncResult()]
    for end in ends:
        traffic.finished_async("us-east-1", "logs", "AllTraffic", end)
    counts = traffic.take()
    assert counts.no_capacity == {("us-east-1", "rare"): 2}
    assert counts.minutes == {SERVED: Minute(results=ends)}
