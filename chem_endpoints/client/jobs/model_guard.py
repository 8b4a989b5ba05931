"""Rows that are sent late get the model that the job's other rows had, or none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from chem_endpoints.errors import EndpointError, ModelChangedError


@dataclass(kw_only=True)
class ModelGuard:
    """Compares the endpoint's model with that of the job, once per run, before the first chunk is sent.

    Attributes:
        job_id: the job.
        endpoint: SageMaker endpoint name.
        digest: digest of the model that the job was submitted to.
        digest_now: asks the endpoint for that of its model.
    """

    job_id: str
    endpoint: str
    digest: str
    digest_now: Callable[[], str]
    _checked: bool = field(default=False, init=False)
    _error: EndpointError | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def forget(self) -> None:
        """The next `check` asks again."""
        self._checked, self._error = False, None

    def check(self) -> None:
        """To be called before a chunk is sent; only the first call of a run asks, whatever comes of it.

        Raises:
            ModelChangedError: the endpoint serves another model.
            EndpointError: it cannot be asked.
        """
        with self._lock:
            if not self._checked:
                self._checked = True
                self._error = self._found()
            if self._error is not None:
                raise self._error

    def _found(self) -> EndpointError | None:
        try:
            now = self.digest_now()
        except EndpointError as error:
            return error
        if now == self.digest:
            return None
        return ModelChangedError(
            f"{self.endpoint} serves model {now[:12]} now, but job {self.job_id} was submitted to {self.digest[:12]},"
            " and some of its rows are not answered: job.partial() gives the answers of the old model; submit the rows"
            " again for the new one"
        )
