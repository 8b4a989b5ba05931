"""How many instances of a type an account may run behind its endpoints."""

from functools import cached_property
from typing import Any

_SERVICE = "sagemaker"


class EndpointQuotas:
    """The quotas of SageMaker, read once. Source: "Service Quotas" API reference; the quotas' names are those that
    its console shows, such as ``ml.c7i.large for endpoint usage``."""

    def __init__(self, client: Any) -> None:
        """
        Args:
            client: of Service Quotas.
        """
        self._client = client

    def instances(self, instance_type: str) -> float | None:
        """Instances of a type that all endpoints together may have; None: no quota of that name."""
        name = f"{instance_type} for endpoint usage"
        return self._applied[name] if name in self._applied else self._defaults.get(name)

    @cached_property
    def _applied(self) -> dict[str, float]:
        return self._read("list_service_quotas")

    @cached_property
    def _defaults(self) -> dict[str, float]:
        """What holds where nothing was ever applied for."""
        return self._read("list_aws_default_service_quotas")

    def _read(self, operation: str) -> dict[str, float]:
        pages = self._client.get_paginator(operation).paginate(ServiceCode=_SERVICE)
        return {quota["QuotaName"]: float(quota["Value"]) for page in pages for quota in page["Quotas"]}
