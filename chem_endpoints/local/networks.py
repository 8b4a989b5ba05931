"""EC2, as far as a private network for endpoints needs it: VPCs, subnets, route tables, groups, endpoints, flow logs.

Source: EC2 API reference.
"""

import copy
import threading
from functools import partial

from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from chem_endpoints.local.ec2_protocol import MalformedError, parse_request, render_answer, render_error
from chem_endpoints.local.network_access import ACCESS_OPERATIONS
from chem_endpoints.local.network_records import KINDS, NetworkError, NetworkRecords, Operation, Values, shown
from chem_endpoints.local.network_vpcs import VPC_OPERATIONS
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.wsgi import Reply, Request

_XML = [("Content-Type", "text/xml")]


class Networks:
    """The networks of all regions."""

    def __init__(self, clients: OwnClients) -> None:
        """
        Args:
            clients: their description of EC2 is used, since a second one would take 17 MB.
        """
        self._clients = clients
        self._regions: dict[str, NetworkRecords] = {}
        self._lock = threading.RLock()
        self._operations: dict[str, Operation] = {
            **{f"Describe{kind.listing}": partial(_describe, kind.name) for kind in KINDS.values()},
            **{f"Delete{name}": partial(_delete, name) for name in ("Subnet", "RouteTable", "SecurityGroup")},
            **VPC_OPERATIONS,
            **ACCESS_OPERATIONS,
            "CreateTags": _create_tags,
            "DeleteTags": _delete_tags,
        }

    def answers(self, request: Request) -> bool:
        """Whether a request is for EC2."""
        return request.service == "ec2"

    def answer(self, request: Request) -> Reply:
        """Answers one request."""
        model = self._clients("ec2", request.region).meta.service_model
        try:
            operation, parameters = parse_request(model, request.read_body().decode(errors="replace"))
            _refuse_incomplete(model, operation, parameters)
            body = render_answer(model, operation, self._content(operation, parameters, request.region))
        except MalformedError as error:
            return Reply(status=400, body=render_error("InvalidAction", str(error)), headers=_XML)
        except NetworkError as error:
            return Reply(status=400, body=render_error(error.code, str(error)), headers=_XML)
        return Reply(status=200, body=body, headers=_XML)

    def _content(self, operation: str, parameters: Values, region: str) -> Values:
        handler = self._operations.get(operation)
        if handler is None:
            raise NetworkError("InvalidAction", f"The local AWS has no operation {operation} of EC2")
        with self._lock:
            return copy.deepcopy(handler(self._regions.setdefault(region, NetworkRecords()), parameters, region))

    def snapshot(self) -> dict[str, NetworkRecords]:
        """All records, by region."""
        return dict(self._regions)

    def restore(self, kept: dict[str, NetworkRecords]) -> None:
        """Takes the records of another process."""
        self._regions.update(kept)


def _refuse_incomplete(model: ServiceModel, operation: str, parameters: Values) -> None:
    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape) if shape is not None else None
    if report is not None and report.has_errors():
        raise NetworkError("MissingParameter", report.generate_report())


def _describe(kind: str, records: NetworkRecords, parameters: Values, _region: str) -> Values:
    return {KINDS[kind].listing: shown(records.describe(kind, parameters))}


def _delete(kind: str, records: NetworkRecords, parameters: Values, _region: str) -> Values:
    record_id = parameters[KINDS[kind].id_member]
    record = records.find(kind, record_id)
    if kind == "RouteTable" and record["Associations"]:
        message = f"The routeTable '{record_id}' has dependencies and cannot be deleted."
        raise NetworkError("DependencyViolation", message)
    records.remove(kind, record_id)
    return {}


def _create_tags(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    for resource_id in parameters["Resources"]:
        record = records.find_any(resource_id)
        keys = {tag["Key"] for tag in parameters["Tags"]}
        record["Tags"] = [tag for tag in record["Tags"] if tag["Key"] not in keys] + parameters["Tags"]
    return {}


def _delete_tags(records: NetworkRecords, parameters: Values, _region: str) -> Values:
    for resource_id in parameters["Resources"]:
        record = records.find_any(resource_id)
        keys = {tag["Key"] for tag in parameters["Tags"]}
        record["Tags"] = [tag for tag in record["Tags"] if tag["Key"] not in keys]
    return {}
