"""CodeBuild, as far as our images need it: projects, and builds that end at once.

There is no Docker here, and none is needed: behind an endpoint run this clone's own sources. So a build *succeeds* if
the tag that it is to push is the hash of these sources, and puts that tag into the repository; else it fails, as a
build would whose sources are not the ones that the tag names.

Source: CodeBuild API reference; "Build notifications input format", CodeBuild user guide.
"""

import hashlib
import json
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.event_rules import EventRules
from chem_endpoints.local.json_service import JsonService, ServiceError
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.spec.image_source import IMAGES, ImageSourceError, source_hash

Values = dict[str, Any]
_PROJECT_DEFAULTS = {"timeoutInMinutes": 60, "queuedTimeoutInMinutes": 480, "cache": {"type": "NO_CACHE"}}


class ImageBuilds:
    """Projects and builds of all regions."""

    def __init__(self, root: Path, clients: OwnClients, events: EventRules) -> None:
        """
        Args:
            root: the clone, whose sources decide which builds succeed.
            clients: of this local AWS.
            events: hear when a build has ended.
        """
        self._root, self._clients, self._events = root, clients, events
        self._projects: dict[tuple[str, str], Values] = {}
        self._builds: dict[tuple[str, str], Values] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._lock = threading.RLock()
        self.service = JsonService(
            "codebuild",
            {
                "CreateProject": self._create_project,
                "UpdateProject": self._update_project,
                "DeleteProject": self._delete_project,
                "BatchGetProjects": self._batch_get_projects,
                "ListProjects": self._list_projects,
                "StartBuild": self._start_build,
                "BatchGetBuilds": self._batch_get_builds,
                "ListBuildsForProject": self._list_builds_for_project,
            },
        )

    def snapshot(self) -> tuple[dict[tuple[str, str], Values], dict[tuple[str, str], Values]]:
        """Projects and builds."""
        return dict(self._projects), dict(self._builds)

    def restore(self, kept: tuple[dict[tuple[str, str], Values], dict[tuple[str, str], Values]]) -> None:
        """Takes those of another process."""
        self._projects.update(kept[0])
        self._builds.update(kept[1])

    # projects

    def _create_project(self, parameters: Values, region: str) -> Values:
        key = (region, parameters["name"])
        with self._lock:
            if key in self._projects:
                raise ServiceError("ResourceAlreadyExistsException", f"Project already exists: {key[1]}")
            arn, now = f"arn:aws:codebuild:{region}:{ACCOUNT}:project/{key[1]}", datetime.now(UTC)
            self._projects[key] = {**_PROJECT_DEFAULTS, **parameters, "arn": arn, "created": now, "lastModified": now}
            return {"project": self._projects[key]}

    def _update_project(self, parameters: Values, region: str) -> Values:
        with self._lock:
            project = self._project(parameters["name"], region)
            project.update({**parameters, "lastModified": datetime.now(UTC)})
            return {"project": project}

    def _project(self, name: str, region: str) -> Values:
        project = self._projects.get((region, name.rpartition("/")[2]))
        if project is None:
            raise ServiceError("ResourceNotFoundException", f"Project cannot be found: {name}")
        return project

    def _delete_project(self, parameters: Values, region: str) -> Values:
        with self._lock:
            self._projects.pop((region, parameters["name"].rpartition("/")[2]), None)
        return {}

    def _batch_get_projects(self, parameters: Values, region: str) -> Values:
        keys = [(region, name.rpartition("/")[2]) for name in parameters["names"]]
        found = [self._projects[key] for key in keys if key in self._projects]
        return {
            "projects": found,
            "projectsNotFound": [name for _, name in keys if (region, name) not in self._projects],
        }

    def _list_projects(self, _parameters: Values, region: str) -> Values:
        return {"projects": sorted(name for where, name in self._projects if where == region)}

    # builds

    def _start_build(self, parameters: Values, region: str) -> Values:
        with self._lock:
            project = self._project(parameters["projectName"], region)
            token = parameters.get("idempotencyToken") or str(uuid.uuid4())
            known = self._tokens.get((region, token))
            if known is not None:
                return {"build": self._builds[region, known]}
            build = self._begun(project, parameters, region)
            self._builds[region, build["id"]] = build
            self._tokens[region, token] = build["id"]
        started = dict(build)
        self._tell(build, region)
        self._end(build, region)
        self._tell(build, region)
        return {"build": started}

    def _begun(self, project: Values, parameters: Values, region: str) -> Values:
        build_id = f"{project['name']}:{uuid.uuid4()}"
        group = project.get("logsConfig", {}).get("cloudWatchLogs", {}).get("groupName")
        group = group or f"/aws/codebuild/{project['name']}"
        number = sum(build["projectName"] == project["name"] for build in self._builds.values()) + 1
        return {
            "id": build_id,
            "arn": f"arn:aws:codebuild:{region}:{ACCOUNT}:build/{build_id}",
            "buildNumber": number,
            "projectName": project["name"],
            "startTime": datetime.now(UTC),
            "currentPhase": "QUEUED",
            "buildStatus": "IN_PROGRESS",
            "buildComplete": False,
            "source": project["source"],
            "serviceRole": project["serviceRole"],
            "environment": _with_overrides(project["environment"], parameters),
            "logs": {
                "groupName": group,
                "streamName": build_id.partition(":")[2],
                "deepLink": f"log group {group} of the local AWS",
            },
            "phases": [],
        }

    def _end(self, build: Values, region: str) -> None:
        """Builds, which takes no time."""
        failure = self._failure(build, region)
        status = "FAILED" if failure else "SUCCEEDED"
        phase: Values = {"phaseType": "BUILD", "phaseStatus": status, "contexts": []}
        if failure:
            phase["contexts"] = [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": failure}]
        completed = {"phaseType": "COMPLETED"}
        build.update(
            buildStatus=status,
            buildComplete=True,
            currentPhase="COMPLETED",
            endTime=datetime.now(UTC),
            phases=[phase, completed],
        )

    def _tell(self, build: Values, region: str) -> None:
        self._events.publish(
            region,
            source="aws.codebuild",
            detail_type="CodeBuild Build State Change",
            resources=[build["arn"]],
            detail={
                "build-status": build["buildStatus"],
                "project-name": build["projectName"],
                "build-id": build["arn"],
                "current-phase": build["currentPhase"],
                "version": "1",
            },
        )

    def _failure(self, build: Values, region: str) -> str | None:
        """Why an image is not what its tag says; None when it is, and it is in the repository then."""
        given = {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}
        names = ("IMAGE_REFERENCE", "IMAGE_TARGET", "IMAGE_TAG")
        if missing := [name for name in names if name not in given]:
            return f"The local AWS builds the images of this clone only, and is not told {', '.join(missing)}"
        reference, target, tag = (given[name] for name in names)
        image = next((name for name, kind in IMAGES.items() if kind.target == target), None)
        if image is None:
            return f"target stage {target} could not be found: the Dockerfile has {', '.join(sorted(IMAGES))}"
        try:
            own_tag = source_hash(self._root, image)
        except ImageSourceError as error:
            return str(error)
        if tag != own_tag:
            return f"The sources of this clone make {target}:{own_tag}, not {target}:{tag}; synthesize again"
        return self._push(reference, region)

    def _push(self, reference: str, region: str) -> str | None:
        repository, _, tag = reference.partition("/")[2].rpartition(":")
        config = hashlib.sha256(reference.encode()).hexdigest()
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": 0,
                "digest": f"sha256:{config}",
            },
            "layers": [],
        }
        ecr = self._clients("ecr", region)
        try:
            ecr.describe_repositories(repositoryNames=[repository])  # moto's PutImage stumbles over a missing one
            ecr.put_image(
                repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest), imageManifestMediaType=kind
            )
        except ClientError as error:
            return str(error)
        return None

    def _batch_get_builds(self, parameters: Values, region: str) -> Values:
        wanted = [each.rpartition("/")[2] for each in parameters["ids"]]
        found = [self._builds[region, each] for each in wanted if (region, each) in self._builds]
        return {"builds": found, "buildsNotFound": [each for each in wanted if (region, each) not in self._builds]}

    def _list_builds_for_project(self, parameters: Values, region: str) -> Values:
        name = self._project(parameters["projectName"], region)["name"]
        newest_first = reversed(list(self._builds.items()))
        return {"ids": [key for (where, key), build in newest_first if (where, build["projectName"]) == (region, name)]}


def _with_overrides(environment: Mapping[str, Any], parameters: Values) -> Values:
    given = {each["name"]: each for each in environment.get("environmentVariables", ())}
    given |= {each["name"]: each for each in parameters.get("environmentVariablesOverride", ())}
    return {**environment, "environmentVariables": list(given.values())}
