"""What jobs use of their `Endpoint`: the one place that knows its inside."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.jobs.job_record import JobOptions, JobRecord
from chem_endpoints.client.own_rows import OwnRows
from chem_endpoints.client.plan import Plan
from chem_endpoints.client.report import REPORT_KEY, Report
from chem_endpoints.client.run import MAX_THREADS, Inferred
from chem_endpoints.client.transport import Transport
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.client.workers import Workers
from chem_endpoints.wire.manifest import Manifest

if TYPE_CHECKING:
    from chem_endpoints.client.budget import RetryBudget
    from chem_endpoints.client.description import EndpointDescription
    from chem_endpoints.client.endpoint import Endpoint


class EndpointSide:
    """An endpoint, as its jobs see it.

    Args:
        endpoint: the endpoint.
    """

    def __init__(self, endpoint: "Endpoint") -> None:
        self._endpoint = endpoint
        self.name = endpoint.name

    @property
    def description(self) -> "EndpointDescription":
        """What it is."""
        return self._endpoint.description

    @property
    def clients(self) -> AwsClients:
        """Its AWS clients."""
        return self._endpoint._clients

    @property
    def transport(self) -> Transport:
        """How it is asked within a call."""
        return self._endpoint._transport

    @property
    def budget(self) -> "RetryBudget":
        """Its retry budget."""
        return self._endpoint._budget

    def digest_now(self) -> str:
        """Digest of the model that it serves now."""
        return self._endpoint.model_digest()

    def places(self, options: JobOptions) -> int:
        """Chunks at once: in a queue nothing but this process limits them."""
        if self.description.kind == "async":
            return MAX_THREADS
        return self._endpoint._places(options.threads, MAX_THREADS)

    def workers(self, places: int) -> Workers:
        """Who makes calls."""
        return self._endpoint._workers(places)

    def capacity(self, tell: Callable[[str], None]) -> CapacityWait:
        """The wait for it while it sleeps; ``tell`` takes its lines."""
        return CapacityWait(name=self.name, seconds=self._endpoint._wake_seconds, tell=tell)

    def rows_per_chunk(self, total: int, options: JobOptions) -> int:
        """Rows of one request."""
        return self._endpoint._new_pace().rows(total, self.places(options))

    def travelling(self, frame: pd.DataFrame, options: JobOptions) -> Travelling:
        """The columns that travel.

        Raises:
            InvalidInputError: the frame does not fit the model.
        """
        columns: Mapping[Any, str] = dict(options.columns)
        smiles: Any = options.smiles
        return self._endpoint._travelling(frame, smiles, columns, options.asked, options.send)

    def reader(self, record: JobRecord, manifest: Manifest) -> OwnRows:
        """How answers are read in a process that has not sent the rows."""
        return OwnRows(
            sent=pd.DataFrame(),
            reasons={},
            manifest=manifest.asked(record.options.asked),
            readable=False,
            accept=record.accept,
        )

    def inferred(
        self,
        frame: pd.DataFrame,
        plan: Plan,
        rows: Travelling,
        record: JobRecord,
        seconds: float,
    ) -> Inferred:
        """The caller's frame with the answers, as `Endpoint.infer` gives it, and the job in its report."""
        inferred = self._endpoint._inferred(frame, plan, rows, record.options.suffix, seconds)
        report: Report = {**inferred.report, "job": record.id, "model_sha256": record.model_sha256}
        inferred.frame.attrs[REPORT_KEY] = report
        if record.options.drop_error_rows:
            kept = inferred.frame.loc[(plan.fates.errors == "").astype(bool)]
            return Inferred(frame=kept, fates=inferred.fates, report=report)
        return Inferred(frame=inferred.frame, fates=inferred.fates, report=report)
