"""Transform jobs: begun, followed, stopped. Each has server processes of its own, which end with it."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from chem_endpoints.local.async_objects import ObjectError
from chem_endpoints.local.background import Background
from chem_endpoints.local.container_logs import LogStream
from chem_endpoints.local.fleet import FleetLaunch
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.server_pool import DEFAULT_STARTUP_SECONDS, ServerPool
from chem_endpoints.local.transform_calls import TransformStoppedError, execution_parameters
from chem_endpoints.local.transform_job import KeptJob, Status, TransformJob
from chem_endpoints.local.transform_objects import TransformObjects
from chem_endpoints.local.transform_request import TransformRequest, Tuning
from chem_endpoints.local.transform_run import TransformRun

_LOGGER = logging.getLogger(__name__)
LOG_GROUP = "/aws/sagemaker/TransformJobs"
"""Of all jobs: "Log groups and streams that Amazon SageMaker AI sends to Amazon CloudWatch Logs", developer guide."""
_POOL = "transform"
_MARGIN_SECONDS = 5.0
"""Time beyond SIGKILL for what comes with a job's end."""


class TransformJobs:
    """All transform jobs of one local AWS. They are kept as long as it runs: SageMaker never deletes one either."""

    def __init__(self, hosting: Hosting, clients: OwnClients, logs_folder: Path, *, stop_seconds: float) -> None:
        """
        Args:
            hosting: starts the server processes.
            clients: boto3 clients of this local AWS.
            logs_folder: where the logs of server processes lie.
            stop_seconds: time between SIGTERM and SIGKILL.
        """
        self._hosting, self._clients = hosting, clients
        self._folder, self._stop_seconds = logs_folder, stop_seconds
        self._jobs: dict[tuple[str, str], TransformJob] = {}
        self._lock = threading.Lock()
        self._background = Background()

    @property
    def busy(self) -> bool:
        """Whether a job has not ended."""
        return any(job.ended is None for job in list(self._jobs.values()))

    def find(self, name: str, region: str) -> TransformJob | None:
        """A job by its name."""
        return self._jobs.get((region, name))

    def all(self, region: str) -> list[TransformJob]:
        """The jobs of a region, the oldest first."""
        return [job for (where, _), job in list(self._jobs.items()) if where == region]

    def snapshot(self) -> list[KeptJob]:
        """What is kept: the records; a job does not go on in another process."""
        return [KeptJob.of(job) for job in list(self._jobs.values())]

    def restore(self, kept: list[KeptJob]) -> None:
        """Takes the records of another process."""
        for former in kept:
            job = former.job()
            self._jobs[job.request.region, job.request.name] = job

    def create(self, job: TransformJob) -> bool:
        """Begins a job; False when there is, or was, one of this name."""
        with self._lock:
            if self._jobs.setdefault((job.request.region, job.request.name), job) is not job:
                return False
        self._background.begin(f"transform job {job.request.name}", partial(self._run, job))
        return True

    def ask_to_stop(self, job: TransformJob) -> bool:
        """Begins to stop a job; False when it has ended."""
        with self._lock:
            if job.ended is not None:
                return False
            job.status = "Stopping"
            job.stopping.set()
        if (pool := job.pool) is not None:
            self._background.begin(f"end of transform job {job.request.name}", pool.stop)
        return True

    def stop(self) -> None:
        """Stops all jobs and their processes."""
        for job in list(self._jobs.values()):
            self.ask_to_stop(job)
        self._background.end(self._stop_seconds + _MARGIN_SECONDS)

    def _run(self, job: TransformJob) -> None:
        log = _DataLog(self._folder / job.request.name / "data-log.log", self._hosting, job.request)
        status: Status = "Failed"
        reason: str | None = None
        try:
            failures = self._transform(job, log.write)
        except TransformStoppedError:
            status = "Stopped"
        except HostingError as error:
            reason = f"AlgorithmError: {error}"
        except ObjectError as error:
            reason = str(error)
        except Exception as error:
            _LOGGER.exception("A transform job failed inside the local AWS")
            reason = f"InternalServerError: {type(error).__name__} inside the local AWS, see its log"
        else:
            status = "Failed" if failures else "Completed"
            reason = f"{failures[0]}. See job logs for more information" if failures else None
        if job.pool is not None:
            job.pool.stop()
        log.close()
        with self._lock:
            if job.stopping.is_set() and status != "Completed":
                status, reason = "Stopped", None
            job.settle(status, reason)

    def _transform(self, job: TransformJob, log: Callable[[str], None]) -> list[str]:
        """Does a job's work; returns what failed.

        Raises:
            TransformStoppedError: it was asked to stop.
            HostingError: its servers do not start.
            ObjectError: its inputs cannot be listed, or what is captured not written.
        """
        request, objects = job.request, TransformObjects(job.request, self._clients)
        inputs = objects.inputs()
        pool = self._servers(job)
        tuning = Tuning.of(request, execution_parameters(pool.instances[0]))
        log(str(tuning))
        run = TransformRun(request=request, tuning=tuning, objects=objects, stopping=job.stopping, log=log)
        run.go(inputs, pool.instances)
        if request.capture is not None and run.done:
            objects.capture(request.capture, run.done, job.created)
        return run.failures

    def _servers(self, job: TransformJob) -> ServerPool:
        """The job's servers, healthy."""
        request = job.request
        launch: FleetLaunch = self._hosting.launch(request.name, request.region, job.stopping.is_set)
        try:
            pool = launch.pool(
                name=_POOL,
                owner=f"transform job {request.name}",
                model_name=request.model,
                startup_seconds=DEFAULT_STARTUP_SECONDS,
                log_group=LOG_GROUP,
                log_variant=request.name,
                environment=request.environment,
            )
            job.pool = pool
            pool.begin(request.instances)
            pool.await_begun(job.stopping.is_set)
        except HostingError as error:
            if job.stopping.is_set():
                raise TransformStoppedError from error
            raise
        pool.settle_logs()
        job.started = datetime.now(UTC)
        return pool


class _DataLog:
    """What SageMaker itself writes about a job: beside the containers' streams, in one that ends with ``/data-log``."""

    def __init__(self, path: Path, hosting: Hosting, request: TransformRequest) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", buffering=1)
        self._lock, self._logs = threading.Lock(), hosting.logs
        own = LogStream(region=request.region, group=LOG_GROUP, variant=request.name)
        stream = LogStream(
            region=own.region, group=own.group, variant=own.variant, instance_id=f"{own.instance_id}/data-log"
        )
        self._logs.follow(self, path, stream)

    def write(self, line: str) -> None:
        """Writes one line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        with self._lock:
            self._file.write(f"{moment}:[sagemaker logs]: {line}\n")

    def close(self) -> None:
        """Brings the rest to CloudWatch Logs."""
        self._file.close()
        self._logs.finish(self)
