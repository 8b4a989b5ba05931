"""What is ours and not moto's outlives a local AWS that keeps its state."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chem_endpoints.local.event_rules import EventRules
from chem_endpoints.local.image_builds import ImageBuilds
from chem_endpoints.local.kept_state import KeptPart, KeptState
from chem_endpoints.local.lambda_functions import LambdaFunctions
from chem_endpoints.local.monitoring_schedules import MonitoringSchedules
from chem_endpoints.local.networks import Networks
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.wsgi import Reply, Request, call_app


class Parts:
    """A set of parts, as one process has them."""

    def __init__(self, folder: Path) -> None:
        clients = OwnClients("http://localhost:1")
        events = EventRules(LambdaFunctions(clients, folder / "functions"), lambda _environ, _start: [])
        self.networks, self.schedules = Networks(clients), MonitoringSchedules(clients)
        self.builds = ImageBuilds(folder, clients, events)
        parts: dict[str, KeptPart] = {"networks": self.networks, "schedules": self.schedules, "builds": self.builds}
        self.kept = KeptState(folder, parts, seconds=60)


def request(service: str, body: bytes, **headers: str) -> Request:
    scope = f"AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{service}/aws4_request"
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "HTTP_AUTHORIZATION": scope, **headers}
    replayed: list[Request] = []

    def keep(with_body: dict[str, Any], start: Any) -> list[bytes]:
        replayed.append(Request(with_body))
        start("200 OK", [])
        return []

    call_app(keep, environ, body)
    return replayed[0]


def ec2(parts: Parts, action: str, **parameters: str) -> Reply:
    return parts.networks.answer(request("ec2", urlencode({"Action": action, **parameters}).encode()))


def codebuild(parts: Parts, operation: str, parameters: dict[str, Any]) -> Any:
    target = {"HTTP_X_AMZ_TARGET": f"CodeBuild_20161006.{operation}"}
    reply = parts.builds.service.answer(request("codebuild", json.dumps(parameters).encode(), **target))
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def schedules(parts: Parts, operation: str, parameters: dict[str, Any]) -> Any:
    handler = parts.schedules.operations[operation]
    return json.loads(handler(request("sagemaker", b""), b"", parameters).body)


def test_networks_projects_and_schedules_come_back(tmp_path: Path) -> None:
    before = Parts(tmp_path)
    ec2(before, "CreateVpc", CidrBlock="10.0.0.0/16")
    environment = {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"}
    project = {"source": {"type": "NO_SOURCE"}, "artifacts": {"type": "NO_ARTIFACTS"}, "environment": environment}
    codebuild(before, "CreateProject", {"name": "images", "serviceRole": "arn:aws:iam::123456789012:role/r", **project})
    config = {"ScheduleConfig": {"ScheduleExpression": "NOW"}}
    schedules(before, "CreateMonitoringSchedule", {"MonitoringScheduleName": "s", "MonitoringScheduleConfig": config})
    before.kept.save()

    after = Parts(tmp_path)
    assert after.kept.restore()
    assert b"<cidrBlock>10.0.0.0/16</cidrBlock>" in ec2(after, "DescribeVpcs").body
    assert codebuild(after, "ListProjects", {}) == {"projects": ["images"]}
    found = schedules(after, "DescribeMonitoringSchedule", {"MonitoringScheduleName": "s"})
    assert found["MonitoringScheduleConfig"] == config
