"""SageMaker's operations on transform jobs; moto keeps their tags."""

import json
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.control_parameters import JSON, RefusedError, answer, member
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.transform_job import TransformJob
from chem_endpoints.local.transform_jobs import TransformJobs
from chem_endpoints.local.transform_request import TransformRequest
from chem_endpoints.local.wsgi import App, Reply, Request, call_app, json_reply

_PAGE = 10
"""Of ListTransformJobs, when it does not say otherwise (API reference)."""
_SORT_KEYS = {
    "Name": lambda job: job.request.name,
    "CreationTime": lambda job: job.created,
    "Status": lambda job: job.status,
}


def job_arn(name: str, region: str) -> str:
    """A transform job's ARN."""
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:transform-job/{name.lower()}"


class TransformControl:
    """Answers them."""

    def __init__(self, jobs: TransformJobs, clients: OwnClients, moto: App) -> None:
        self._jobs, self._clients, self._moto = jobs, clients, moto
        self.operations = {
            "CreateTransformJob": self._create,
            "DescribeTransformJob": self._describe,
            "ListTransformJobs": self._list,
            "StopTransformJob": self._stop,
        }

    def _create(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        job = TransformJob(request=TransformRequest.read(parameters, request.region), parameters=parameters)
        arn = job_arn(job.request.name, request.region)
        if self._jobs.find(job.request.name, request.region) is not None:
            return _in_use(arn)
        try:
            self._clients("sagemaker", request.region).describe_model(ModelName=job.request.model)
        except ClientError:
            model = f"arn:aws:sagemaker:{request.region}:{ACCOUNT}:model/{job.request.model.lower()}"
            raise RefusedError(f'Could not find model "{model}".') from None
        # moto finds tags by the name in the ARN, which is in lower case.
        for_moto = {**parameters, "TransformJobName": job.request.name.lower(), "Tags": parameters.get("Tags") or []}
        reply = call_app(self._moto, request.environ, json.dumps(for_moto).encode())
        if reply.status != 200:
            return reply
        return answer({"TransformJobArn": arn}) if self._jobs.create(job) else _in_use(arn)

    def _job(self, request: Request, parameters: dict[str, Any]) -> TransformJob:
        name = member(parameters, "TransformJobName")
        job = self._jobs.find(name, request.region)
        if job is None:
            raise RefusedError(f"Could not find requested job with name: {name}")
        return job

    def _describe(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        job = self._job(request, parameters)
        given = {name: value for name, value in job.parameters.items() if name != "Tags"}
        defaults = {
            "TransformInput": {"CompressionType": "None", "SplitType": "None"},
            "TransformOutput": {"AssembleWith": "None"},
            "DataProcessing": {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"},
        }
        filled = {name: {**default, **(given.get(name) or {})} for name, default in defaults.items()}
        times = {"CreationTime": job.created, "TransformStartTime": job.started, "TransformEndTime": job.ended}
        return answer(
            {
                **given,
                **filled,
                "TransformJobArn": job_arn(job.request.name, request.region),
                "TransformJobStatus": job.status,
                **_seconds(times),
                **_reason(job),
            }
        )

    def _list(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        found = [job for job in self._jobs.all(request.region) if _is_asked_for(job, parameters)]
        by, order = parameters.get("SortBy", "CreationTime"), parameters.get("SortOrder", "Descending")
        if by not in _SORT_KEYS or order not in ("Ascending", "Descending"):
            raise RefusedError(f"SortBy must be one of {', '.join(_SORT_KEYS)}, SortOrder Ascending or Descending.")
        found.sort(key=_SORT_KEYS[by], reverse=order == "Descending")
        start, size = _page_start(parameters), int(parameters.get("MaxResults") or _PAGE)
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return answer({"TransformJobSummaries": [_summary(job) for job in found[start : start + size]], **more})

    def _stop(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        job = self._job(request, parameters)
        if not self._jobs.ask_to_stop(job):
            raise RefusedError(f"The request was rejected because the transform job is in status {job.status}.")
        return answer({})


def _in_use(arn: str) -> Reply:
    message = (
        f"Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"
    )
    return json_reply(400, {"__type": "ResourceInUse", "message": message}, content_type=JSON)


def _seconds(times: dict[str, datetime | None]) -> dict[str, float]:
    return {name: moment.timestamp() for name, moment in times.items() if moment is not None}


def _reason(job: TransformJob) -> dict[str, str]:
    return {} if job.failure_reason is None else {"FailureReason": job.failure_reason}


def _summary(job: TransformJob) -> dict[str, Any]:
    times = {"CreationTime": job.created, "LastModifiedTime": job.changed, "TransformEndTime": job.ended}
    return {
        "TransformJobName": job.request.name,
        "TransformJobArn": job_arn(job.request.name, job.request.region),
        "TransformJobStatus": job.status,
        **_seconds(times),
        **_reason(job),
    }


def _is_asked_for(job: TransformJob, parameters: dict[str, Any]) -> bool:
    created, changed = job.created.timestamp(), job.changed.timestamp()
    return (
        parameters.get("NameContains", "") in job.request.name
        and parameters.get("StatusEquals", job.status) == job.status
        and created > parameters.get("CreationTimeAfter", float("-inf"))
        and created < parameters.get("CreationTimeBefore", float("inf"))
        and changed > parameters.get("LastModifiedTimeAfter", float("-inf"))
        and changed < parameters.get("LastModifiedTimeBefore", float("inf"))
    )


def _page_start(parameters: dict[str, Any]) -> int:
    token = parameters.get("NextToken") or "0"
    if not str(token).isdecimal():
        raise RefusedError("The NextToken is none that ListTransformJobs gave.")
    return int(token)
