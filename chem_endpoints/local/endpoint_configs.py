"""Endpoint configurations: moto 5.2.5 forgets shadow variants, role, VPC, isolation and metrics settings.

It knows no variant without a model either, so those are kept from it.
"""

from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.control_parameters import RefusedError
from chem_endpoints.local.endpoint_config_rules import refuse_config
from chem_endpoints.local.kept_records import KeptRecords
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.wsgi import App, Reply, Request


class EndpointConfigs:
    """The endpoint configurations of one local AWS."""

    def __init__(self, clients: OwnClients, moto: App) -> None:
        self._clients = clients
        self._records = KeptRecords(
            moto, name_member="EndpointConfigName", arn_kind="endpoint-config", words="endpoint configuration"
        )
        self.describe, self.delete = self._records.describe, self._records.delete
        self.snapshot, self.restore = self._records.snapshot, self._records.restore

    def create(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        """Answers CreateEndpointConfig."""
        refuse_config(parameters, lambda model: self._model(model, request.region))
        for shadow in parameters.get("ShadowProductionVariants") or ():
            self._model(shadow["ModelName"], request.region)
        known = [variant for variant in parameters["ProductionVariants"] if "ModelName" in variant]
        return self._records.create(request, body, parameters, {**parameters, "ProductionVariants": known})

    def _model(self, name: str, region: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._clients("sagemaker", region).describe_model(ModelName=name)
        except ClientError as error:
            arn = f"arn:aws:sagemaker:{region}:{ACCOUNT}:model/{name.lower()}"
            raise RefusedError(f'Could not find model "{arn}".') from error
        return found
