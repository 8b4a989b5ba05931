"""The clock's door: loopback clients only, numbers only; activities as Application Auto Scaling lists them."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.end_to_end


def post(aws: Any, body: str, method: str = "POST", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("localhost", urlsplit(aws.url).port or 0)
    connection.request(method, "/_local/clock", body, headers)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_the_clock_is_read_and_moved(aws: Any) -> None:
    status, before = post(aws, "", "GET")
    assert (status, before["speed"]) == (200, 0)
    assert post(aws, "", "GET")[1] == before  # It stands still.
    status, after = post(aws, '{"advance_seconds": 90.5}')
    assert status == 200
    assert after["now"] > before["now"]


@pytest.mark.parametrize(
    "body", ["", "[]", "nonsense", '{"advance_seconds": "1"}', '{"advance_seconds": -1}', '{"advance_seconds": 86401}',
             '{"advance_seconds": NaN}']
)  # fmt: skip
def test_anything_else_is_refused(aws: Any, body: str) -> None:
    before = post(aws, "", "GET")[1]
    assert post(aws, body)[0] == 400
    assert post(aws, "", "GET")[1] == before


def test_a_web_page_cannot_move_it(aws: Any) -> None:
    assert post(aws, '{"advance_seconds": 60}', Origin="http://example.com")[0] == 403
    assert post(aws, '{"advance_seconds": 60}', Host="example.com")[0] == 403
    assert post(aws, "", "DELETE")[0] == 405


def test_activities_come_in_pages_by_resource(aws: Any, scalable: Any) -> None:
    aws.endpoint("paged", instances=1)
    for bounds in ((2, 3), (3, 3), (1, 1)):
        aws.deploy("paged", scalable("paged", *bounds), update=bounds != (2, 3))
        aws.advance(1)
    describe = aws("application-autoscaling").describe_scaling_activities
    wanted = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/paged/variant/AllTraffic"}
    first = describe(**wanted, MaxResults=2)
    second = describe(**wanted, MaxResults=2, NextToken=first["NextToken"])
    causes = [item["Cause"] for item in [*first["ScalingActivities"], *second["ScalingActivities"]]]
    assert causes == [
        "maximum capacity was set to 1",
        "minimum capacity was set to 3",
        "minimum capacity was set to 2",
    ]
    assert "NextToken" not in second
    assert describe(**{**wanted, "ServiceNamespace": "ecs"})["ScalingActivities"] == []
