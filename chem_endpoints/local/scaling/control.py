"""The requests that scaling answers itself: the clock's, and those of Application Auto Scaling that moto lacks."""

import json
import math
from typing import Any

from chem_endpoints.local.scaling.scaler import Scaler
from chem_endpoints.local.wsgi import Reply, Request, json_reply

CLOCK_PATH = "/_local/clock"
"""GET tells the time; POST ``{"advance_seconds": 600}`` moves it, and answers when all that it causes is done."""

ACTIVITIES_TARGET = "AnyScaleFrontendService.DescribeScalingActivities"
MOST_SECONDS = 86_400
_AWS_JSON = "application/x-amz-json-1.1"


class ScalingControl:
    """The scaler's door."""

    def __init__(self, scaler: Scaler) -> None:
        self._scaler = scaler

    def answers(self, request: Request) -> bool:
        """Whether the request is for scaling."""
        return request.path == CLOCK_PATH or request.target == ACTIVITIES_TARGET

    def answer(self, request: Request) -> Reply:
        """Answers it."""
        return self._clock(request) if request.path == CLOCK_PATH else self._activities(request)

    def _clock(self, request: Request) -> Reply:
        if request.method == "POST":
            seconds = _object(request.read_body(MOST_SECONDS)).get("advance_seconds")
            if not isinstance(seconds, int | float) or not math.isfinite(seconds) or not 0 <= seconds <= MOST_SECONDS:
                return json_reply(400, {"message": f"advance_seconds must be a number up to {MOST_SECONDS}"})
            self._scaler.advance(seconds)
        elif request.method != "GET":
            return json_reply(405, {"message": "GET tells the time, POST moves it"})
        clock = self._scaler.clock
        return json_reply(200, {"now": clock.now().isoformat(), "speed": clock.speed})

    def _activities(self, request: Request) -> Reply:
        parameters = _object(request.read_body())
        return json_reply(200, self._scaler.activities.describe(request.region, parameters), content_type=_AWS_JSON)


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
