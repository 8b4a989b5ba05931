"""How many requests an endpoint answered over the last hour, and how many of them badly: never what was in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chem_endpoints.local.console.history import WINDOW_SECONDS
from chem_endpoints.local.scaling.datapoints import Datapoints, Series
from chem_endpoints.local.scaling.published_metrics import INVOCATIONS_NAMESPACE

ROWS_NAMESPACE, ROWS_DIMENSION = "ChemEndpoints", "Endpoint"
"""Of the metrics that our server writes into its log (`container.server.log`)."""


@dataclass(frozen=True, kw_only=True)
class RequestsView:
    """The counts that CloudWatch has of the last hour; a minute's are there once it is over."""

    answered: int
    client_errors: int
    """Status 4xx."""
    server_errors: int
    """Status 5xx."""
    failures: int
    """Asynchronous requests that ended with a failure, whatever the reason."""
    rows: int | None
    """None: the server tells none, or none yet."""
    bad_rows: int | None


def requests_view(endpoint: str, variants: Iterable[str], datapoints: Datapoints, end: datetime) -> RequestsView:
    """The counts of an endpoint.

    Args:
        endpoint: its name.
        variants: its variants' names.
        datapoints: what was published over the last hour.
        end: the minute that began last.
    """
    since = end - timedelta(seconds=WINDOW_SECONDS)

    def total(namespace: str, metric: str, **dimensions: str) -> float | None:
        return datapoints.statistic(Series.of(namespace, metric, dimensions), "Sum", since, end)

    def of_variants(metric: str) -> int:
        own = (total(INVOCATIONS_NAMESPACE, metric, EndpointName=endpoint, VariantName=name) for name in names)
        return sum(int(value or 0) for value in own)

    names = tuple(variants)
    rows, bad_rows = (total(ROWS_NAMESPACE, name, **{ROWS_DIMENSION: endpoint}) for name in ("Rows", "BadRows"))
    return RequestsView(
        answered=of_variants("Invocations") + of_variants("InvocationsProcessed"),
        client_errors=of_variants("Invocation4XXErrors"),
        server_errors=of_variants("Invocation5XXErrors"),
        failures=of_variants("InvocationFailures"),
        rows=None if rows is None else int(rows),
        bad_rows=None if bad_rows is None else int(bad_rows),
    )
