"""Model Monitor's schedules, as SageMaker's API tells them. The local AWS runs none of their jobs.

Source: "CreateMonitoringSchedule", "ScheduleConfig", "DescribeMonitoringSchedule" (SageMaker API reference).
"""

import re
import threading
import time
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.component_control import Handler
from chem_endpoints.local.control_parameters import RefusedError, answer, member
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.wsgi import Reply, Request

_HOURS = "([01]?[0-9]|2[0-3])"
_EXPRESSION = re.compile(rf"NOW|cron\(0 (\*|{_HOURS}(/([01]?[0-9]|2[0-4]))?) \? \* \* \*\)")
"""Hourly, daily, every few hours, once: no other expressions are taken."""

Values = dict[str, Any]


class MonitoringSchedules:
    """The schedules of all regions."""

    def __init__(self, clients: OwnClients) -> None:
        self._clients = clients
        self._schedules: dict[tuple[str, str], Values] = {}
        self._tags: dict[tuple[str, str], dict[str, str]] = {}
        self._lock = threading.Lock()
        self.operations: dict[str, Handler] = {
            "CreateMonitoringSchedule": self._create,
            "DescribeMonitoringSchedule": self._describe,
            "ListMonitoringSchedules": self._list,
            "UpdateMonitoringSchedule": self._update,
            "DeleteMonitoringSchedule": self._delete,
            "StartMonitoringSchedule": self._start,
            "StopMonitoringSchedule": self._stop,
            "ListMonitoringExecutions": self._list_executions,
        }
        self._tag_operations: dict[str, Handler] = {
            "AddTags": self._add_tags,
            "DeleteTags": self._delete_tags,
            "ListTags": self._list_tags,
        }

    def snapshot(self) -> tuple[dict[tuple[str, str], Values], dict[tuple[str, str], dict[str, str]]]:
        """The schedules and their tags."""
        return dict(self._schedules), dict(self._tags)

    def restore(self, kept: tuple[dict[tuple[str, str], Values], dict[tuple[str, str], dict[str, str]]]) -> None:
        """Takes those of another process."""
        self._schedules.update(kept[0])
        self._tags.update(kept[1])

    def tag_operation(self, operation: str, parameters: Values) -> Handler | None:
        """The handler of an operation on tags, when they are a schedule's."""
        is_ours = ":monitoring-schedule/" in str(parameters.get("ResourceArn"))
        return self._tag_operations.get(operation) if is_ours else None

    def _create(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        name, config = member(parameters, "MonitoringScheduleName"), self._config(request, parameters)
        with self._lock:
            if (request.region, name) in self._schedules:
                raise RefusedError(f"Monitoring Schedule {_arn(name, request.region)} already exists.")
            now = time.time()
            self._schedules[request.region, name] = {
                "MonitoringScheduleArn": _arn(name, request.region),
                "MonitoringScheduleName": name,
                "MonitoringScheduleStatus": "Scheduled",
                "CreationTime": now,
                "LastModifiedTime": now,
                **config,
            }
            self._tags[request.region, name] = _as_map(parameters.get("Tags"))
        return answer({"MonitoringScheduleArn": _arn(name, request.region)})

    def _config(self, request: Request, parameters: Values) -> Values:
        """What a schedule says of its jobs, and whose endpoint they look at.

        Raises:
            RefusedError: SageMaker would refuse it.
        """
        config = parameters.get("MonitoringScheduleConfig")
        if not isinstance(config, dict):
            raise RefusedError("1 validation error detected: Value null at 'monitoringScheduleConfig'")
        expression = (config.get("ScheduleConfig") or {}).get("ScheduleExpression")
        if expression is not None and not _EXPRESSION.fullmatch(str(expression)):
            raise RefusedError(f"Invalid schedule expression {expression}: hourly and daily ones, and NOW, are taken.")
        kept: Values = {"MonitoringScheduleConfig": config}
        if config.get("MonitoringType"):
            kept["MonitoringType"] = config["MonitoringType"]
        definition = config.get("MonitoringJobDefinitionName")
        if definition is not None:
            kept |= self._endpoint_of(str(definition), str(config.get("MonitoringType")), request.region)
        return kept

    def _endpoint_of(self, definition: str, kind: str, region: str) -> Values:
        if kind != "DataQuality":
            raise RefusedError(f"The local AWS has no job definitions of type {kind}, only of type DataQuality.")
        sagemaker = self._clients("sagemaker", region)
        try:
            found = sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition)
        except ClientError as error:
            raise RefusedError(f"Could not find job definition {definition}.") from error
        looked_at = found["DataQualityJobInput"].get("EndpointInput", {}).get("EndpointName")
        return {"EndpointName": looked_at} if looked_at else {}

    def _schedule(self, request: Request, parameters: Values) -> Values:
        name = member(parameters, "MonitoringScheduleName")
        found = self._schedules.get((request.region, name))
        if found is None:
            raise RefusedError(f"Could not find monitoring schedule {_arn(name, request.region)}.")
        return found

    def _describe(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        return answer(self._schedule(request, parameters))

    def _list(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        left_out = ("MonitoringScheduleConfig",)
        found = [
            {key: value for key, value in schedule.items() if key not in left_out}
            for (region, _), schedule in list(self._schedules.items())
            if region == request.region
            and parameters.get("EndpointName") in (None, schedule.get("EndpointName"))
            and str(parameters.get("NameContains", "")) in schedule["MonitoringScheduleName"]
        ]
        return answer({"MonitoringScheduleSummaries": found})

    def _update(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        schedule, config = self._schedule(request, parameters), self._config(request, parameters)
        schedule.update({**config, "LastModifiedTime": time.time()})
        return answer({"MonitoringScheduleArn": schedule["MonitoringScheduleArn"]})

    def _delete(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        name = self._schedule(request, parameters)["MonitoringScheduleName"]
        with self._lock:
            self._schedules.pop((request.region, name), None)
            self._tags.pop((request.region, name), None)
        return answer({})

    def _start(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        return self._settle(self._schedule(request, parameters), "Scheduled")

    def _stop(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        return self._settle(self._schedule(request, parameters), "Stopped")

    def _settle(self, schedule: Values, status: str) -> Reply:
        schedule.update(MonitoringScheduleStatus=status, LastModifiedTime=time.time())
        return answer({})

    def _list_executions(self, _request: Request, _body: bytes, _parameters: Values) -> Reply:
        """None: the local AWS runs no monitoring jobs."""
        return answer({"MonitoringExecutionSummaries": []})

    def _tags_of(self, request: Request, parameters: Values) -> dict[str, str]:
        arn = member(parameters, "ResourceArn")
        for (region, name), tags in self._tags.items():
            if _arn(name, region) == arn and region == request.region:
                return tags
        raise RefusedError(f"Could not find monitoring schedule {arn}.")

    def _add_tags(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        tags = self._tags_of(request, parameters)
        tags.update(_as_map(parameters.get("Tags")))
        return answer({"Tags": _as_list(tags)})

    def _delete_tags(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        tags = self._tags_of(request, parameters)
        for key in parameters["TagKeys"]:
            tags.pop(key, None)
        return answer({})

    def _list_tags(self, request: Request, _body: bytes, parameters: Values) -> Reply:
        return answer({"Tags": _as_list(self._tags_of(request, parameters))})


def _as_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _arn(name: str, region: str) -> str:
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:monitoring-schedule/{name.lower()}"
