"""The AWS query protocol, as CloudFormation speaks it: form-encoded requests in, XML answers out.

Both directions follow botocore's own description of the service, so names and types cannot differ from what its
clients expect. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

Tree = dict[str, Any]


class UnknownOperationError(Exception):
    """The service has no such operation."""


class MalformedQueryError(Exception):
    """A request whose fields do not make up the operation's parameters."""


def parse_request(model: ServiceModel, body: str) -> tuple[str, dict[str, Any]]:
    """The operation and its parameters.

    Raises:
        UnknownOperationError: the service has no such operation.
        MalformedQueryError: a field is missing, or is not of its kind.
    """
    fields = dict(parse_qsl(body, keep_blank_values=True))
    operation = fields.pop("Action", "")
    if operation not in model.operation_names:
        raise UnknownOperationError(operation)
    shape = model.operation_model(operation).input_shape
    if shape is None:
        return operation, {}
    try:
        parameters = _parse(shape, as_tree(fields))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedQueryError("The request's fields are malformed") from error
    missing = [name for name in shape.required_members if name not in parameters]
    if missing:
        raise MalformedQueryError(f"1 validation error detected: Value null at '{missing[0]}': Member must not be null")
    return operation, parameters


def as_tree(fields: Mapping[str, str]) -> Tree:
    """Fields by their dotted names: ``A.1.B`` lies in the tree of ``1`` in that of ``A``."""
    tree: Tree = {}
    for dotted_name, value in fields.items():
        *branches, leaf = dotted_name.split(".")
        place = tree
        for branch in branches:
            place = place.setdefault(branch, {})
        place[leaf] = value
    return tree


def _parse(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {name: _parse(member, value[name]) for name, member in shape.members.items() if name in value}
    if isinstance(shape, ListShape):
        members = value.get("member", {}) if isinstance(value, dict) else {}
        return [_parse(shape.member, members[index]) for index in sorted(members, key=int)]
    if shape.type_name == "boolean":
        return value == "true"
    return int(value) if shape.type_name in ("integer", "long") else value


def render_answer(model: ServiceModel, operation: str, result: Mapping[str, Any]) -> bytes:
    """The XML answer; ``result`` is keyed as boto3 will show it."""
    root = ElementTree.Element(f"{operation}Response", xmlns=str(model.metadata["xmlNamespace"]))
    shape = model.operation_model(operation).output_shape
    if shape is not None:
        _render(root, shape.serialization.get("resultWrapper", f"{operation}Result"), shape, result)
    metadata = ElementTree.SubElement(root, "ResponseMetadata")
    ElementTree.SubElement(metadata, "RequestId").text = str(uuid.uuid4())
    return _as_bytes(root)


def _render(parent: ElementTree.Element, name: str, shape: Shape, value: Any) -> None:
    element = ElementTree.SubElement(parent, name)
    if isinstance(shape, StructureShape):
        for member, member_shape in shape.members.items():
            if value.get(member) is not None:
                _render(element, member, member_shape, value[member])
    elif isinstance(shape, ListShape):
        for item in value:
            _render(element, "member", shape.member, item)
    elif isinstance(shape, MapShape):
        raise NotImplementedError(f"{name}: CloudFormation answers with no maps")
    else:
        element.text = _as_text(value)


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, such as those that colour a terminal's text."""


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return str(value).lower() if isinstance(value, bool) else _NOT_XML.sub("\ufffd", str(value))


def _as_bytes(root: ElementTree.Element) -> bytes:
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def render_error(code: str, message: str) -> bytes:
    """The XML of an error of any query service."""
    root = ElementTree.Element("ErrorResponse")
    error = ElementTree.SubElement(root, "Error")
    ElementTree.SubElement(error, "Type").text = "Sender"
    ElementTree.SubElement(error, "Code").text = code
    ElementTree.SubElement(error, "Message").text = _as_text(message)
    ElementTree.SubElement(root, "RequestId").text = str(uuid.uuid4())
    return _as_bytes(root)
