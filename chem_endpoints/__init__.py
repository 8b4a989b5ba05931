"""Chemistry models on Amazon SageMaker: DataFrame in, DataFrame out, no row lost, nothing paid while idle."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chem_endpoints.client.cache.cache import InferenceCache
    from chem_endpoints.client.endpoint import Endpoint
    from chem_endpoints.client.meta.endpoint import MetaEndpoint
    from chem_endpoints.client.quality.feedback import feedback
    from chem_endpoints.client.quality.metrics import metrics
    from chem_endpoints.errors import EndpointError

__all__ = ["Endpoint", "EndpointError", "InferenceCache", "MetaEndpoint", "feedback", "metrics"]

_PLACES = {
    "Endpoint": "chem_endpoints.client.endpoint",
    "EndpointError": "chem_endpoints.errors",
    "InferenceCache": "chem_endpoints.client.cache.cache",
    "MetaEndpoint": "chem_endpoints.client.meta.endpoint",
    "feedback": "chem_endpoints.client.quality.feedback",
    "metrics": "chem_endpoints.client.quality.metrics",
}


def __getattr__(name: str) -> Any:
    # Lazy: the server and the stacks import subpackages of this one and must not pay for boto3 and pandas.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
