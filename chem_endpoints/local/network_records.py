"""What a VPC network consists of, kept as EC2 tells it. Records only: no packet is ever sent or stopped.

moto's EC2 would do, but takes 90 MB of memory. Source: EC2 API reference.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
Values = dict[str, Any]
"""Parameters, or an answer, as boto3 shows them."""

ALL_OUT: Mapping[str, Any] = {
    "IpProtocol": "-1",
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    "Ipv6Ranges": [],
    "UserIdGroupPairs": [],
}
"""The rule that a new security group has."""


class NetworkError(Exception):
    """EC2 refuses a request; ``code`` is what its clients see."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of record."""

    name: str
    """As in the operations' names: ``Vpc``."""
    prefix: str
    """Of its ids."""
    listing: str
    """Member of a description's answer."""
    ids: str
    """Parameter of a description."""
    id_member: str
    missing: str
    """Error code when there is none with an id."""
    used_by: tuple[tuple[str, str], ...] = ()
    """Kinds, and their members that keep a record from being deleted while they name it."""


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="Vpc",
            prefix="vpc",
            listing="Vpcs",
            ids="VpcIds",
            id_member="VpcId",
            missing="InvalidVpcID.NotFound",
            used_by=(
                ("Subnet", "VpcId"),
                ("RouteTable", "VpcId"),
                ("SecurityGroup", "VpcId"),
                ("VpcEndpoint", "VpcId"),
            ),
        ),
        Kind(
            name="Subnet",
            prefix="subnet",
            listing="Subnets",
            ids="SubnetIds",
            id_member="SubnetId",
            missing="InvalidSubnetID.NotFound",
            used_by=(("VpcEndpoint", "SubnetIds"),),
        ),
        Kind(
            name="RouteTable",
            prefix="rtb",
            listing="RouteTables",
            ids="RouteTableIds",
            id_member="RouteTableId",
            missing="InvalidRouteTableID.NotFound",
        ),
        Kind(
            name="SecurityGroup",
            prefix="sg",
            listing="SecurityGroups",
            ids="GroupIds",
            id_member="GroupId",
            missing="InvalidGroup.NotFound",
            used_by=(("VpcEndpoint", "Groups"),),
        ),
        Kind(
            name="VpcEndpoint",
            prefix="vpce",
            listing="VpcEndpoints",
            ids="VpcEndpointIds",
            id_member="VpcEndpointId",
            missing="InvalidVpcEndpointId.NotFound",
        ),
        Kind(
            name="FlowLog",
            prefix="fl",
            listing="FlowLogs",
            ids="FlowLogIds",
            id_member="FlowLogId",
            missing="InvalidFlowLogId.NotFound",
        ),
    )
}


def new_id(prefix: str) -> str:
    """An id as EC2 makes it."""
    return f"{prefix}-0{secrets.token_hex(8)}"


class NetworkRecords:
    """The records of one region."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, Record]] = {name: {} for name in KINDS}

    def of(self, kind: str) -> Iterator[Record]:
        """All records of a kind."""
        return iter(list(self._records[kind].values()))

    def add(self, kind: str, record: Record) -> Record:
        """Keeps a new record, with an id of its own."""
        made = {KINDS[kind].id_member: new_id(KINDS[kind].prefix), **record}
        self._records[kind][made[KINDS[kind].id_member]] = made
        return made

    def find(self, kind: str, record_id: str) -> Record:
        """A record by its id.

        Raises:
            NetworkError: there is none.
        """
        found = self._records[kind].get(record_id)
        if found is None:
            words = re.sub("([a-z])([A-Z])", r"\1 \2", kind).lower()
            raise NetworkError(KINDS[kind].missing, f"The {words} ID '{record_id}' does not exist")
        return found

    def find_any(self, record_id: str) -> Record:
        """A record of any kind.

        Raises:
            NetworkError: there is none.
        """
        for records in self._records.values():
            if record_id in records:
                return records[record_id]
        raise NetworkError("InvalidID", f"The ID '{record_id}' is not valid")

    def describe(self, kind: str, parameters: Mapping[str, Any]) -> list[Record]:
        """The records that a description asks for."""
        ids = parameters.get(KINDS[kind].ids) or parameters.get("Ids") or ()
        chosen = [self.find(kind, each) for each in ids] if ids else list(self.of(kind))
        filters = parameters.get("Filters") or parameters.get("Filter") or ()
        return [record for record in chosen if all(_fits(record, each) for each in filters)]

    def remove(self, kind: str, record_id: str) -> None:
        """Forgets a record.

        Raises:
            NetworkError: there is none, or others use it.
        """
        self.find(kind, record_id)
        for user, member in KINDS[kind].used_by:
            if any(_names(record.get(member), record_id) for record in self.of(user) if not record.get("_default")):
                words = f"{kind} '{record_id}' has dependencies and cannot be deleted."
                raise NetworkError("DependencyViolation", f"The {words[0].lower()}{words[1:]}")
        del self._records[kind][record_id]

    def drop_defaults(self, vpc_id: str) -> None:
        """Forgets what came with a VPC and goes with it."""
        for kind, records in self._records.items():
            kept = {
                key: each
                for key, each in records.items()
                if (each.get("VpcId"), each.get("_default")) != (vpc_id, True)
            }
            self._records[kind] = kept


def _names(value: Any, record_id: str) -> bool:
    if isinstance(value, list):
        return any(_names(item, record_id) for item in value)
    return record_id in value.values() if isinstance(value, dict) else bool(value == record_id)


def _fits(record: Record, wanted: Mapping[str, Any]) -> bool:
    name, values = str(wanted["Name"]), wanted["Values"]
    if name.startswith("tag:"):
        return any(tag["Key"] == name.removeprefix("tag:") and tag["Value"] in values for tag in record["Tags"])
    if name == "tag-key":
        return any(tag["Key"] in values for tag in record["Tags"])
    member = "".join(part.capitalize() for part in name.split("-"))
    if member not in record or isinstance(record[member], (list, dict)):
        raise NetworkError("InvalidParameterValue", f"The filter '{name}' is invalid, or the local AWS lacks it")
    return str(record[member]) in values


def shown(records: Sequence[Record]) -> list[Record]:
    """The records without what only we keep."""
    return [{key: value for key, value in record.items() if not key.startswith("_")} for record in records]


Operation = Callable[[NetworkRecords, Values, str], Values]
"""What answers one operation in a region."""


def tags_of(parameters: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tags of a create operation."""
    return [tag for given in parameters.get("TagSpecifications") or () for tag in given.get("Tags") or ()]


def value_of(given: Any) -> Any:
    """``{"Value": x}``, as attributes are written, or x."""
    return given["Value"] if isinstance(given, dict) else given
