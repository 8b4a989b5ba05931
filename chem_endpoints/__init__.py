"""Chemistry models on Amazon SageMaker: DataFrame in, DataFrame out, no row lost, nothing paid while idle."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chem_endpoints.client.endpoint import Endpoint
    from chem_endpoints.errors import EndpointError

__all__ = ["Endpoint", "EndpointError"]


def __getattr__(name: str) -> Any:
    # Lazy: the server and the stacks import subpackages of this one and must not pay for boto3 and pandas.
    if name == "Endpoint":
        from chem_endpoints.client.endpoint import Endpoint

        return Endpoint
    if name == "EndpointError":
        from chem_endpoints.errors import EndpointError

        return EndpointError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
