"""The EC2 query protocol: as the query protocol, but lists are flat, names have their own rules, answers too.

Both directions follow botocore's own description. Source: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
"""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from chem_endpoints.local.query_protocol import as_tree


class MalformedError(Exception):
    """A request without an operation that EC2 has, or whose fields do not make up its parameters."""


def parse_request(model: ServiceModel, body: str) -> tuple[str, dict[str, Any]]:
    """The operation and its parameters.

    Raises:
        MalformedError: no such operation, or a field that is not of its kind.
    """
    fields = dict(parse_qsl(body, keep_blank_values=True))
    operation = fields.pop("Action", "")
    if operation not in model.operation_names:
        raise MalformedError(f"The action {operation} is not valid for this web service.")
    shape = model.operation_model(operation).input_shape
    try:
        return operation, _parse(shape, as_tree(fields)) if shape is not None else {}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedError("The request's fields are malformed") from error


def _parse(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        named = {_sent_as(name, member): (name, member) for name, member in shape.members.items()}
        return {named[key][0]: _parse(named[key][1], value[key]) for key in named if key in value}
    if isinstance(shape, ListShape):
        return [_parse(shape.member, value[index]) for index in sorted(value, key=int)]
    if shape.type_name == "boolean":
        return value == "true"
    return int(value) if shape.type_name in ("integer", "long") else value


def _sent_as(name: str, shape: Shape) -> str:
    """How a parameter is called in a request."""
    if "queryName" in shape.serialization:
        return str(shape.serialization["queryName"])
    shown = str(shape.serialization.get("name", name))
    return shown[0].upper() + shown[1:]


def render_answer(model: ServiceModel, operation: str, content: Mapping[str, Any]) -> bytes:
    """The XML of an answer; what the operation's description does not have is an error of ours."""
    root = ElementTree.Element(f"{operation}Response", xmlns=f"http://ec2.amazonaws.com/doc/{model.api_version}/")
    ElementTree.SubElement(root, "requestId").text = str(uuid.uuid4())
    shape = model.operation_model(operation).output_shape
    if isinstance(shape, StructureShape):
        _render_members(root, shape, content)
    return _as_bytes(root)


def _render_members(parent: ElementTree.Element, shape: StructureShape, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        member = shape.members[name]
        _render(ElementTree.SubElement(parent, member.serialization.get("name", name)), member, value)


def _render(element: ElementTree.Element, shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        _render_members(element, shape, value)
    elif isinstance(shape, ListShape):
        name = shape.member.serialization.get("name", "item")
        for item in value:
            _render(ElementTree.SubElement(element, name), shape.member, item)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


def render_error(code: str, message: str) -> bytes:
    """The XML of an error."""
    root = ElementTree.Element("Response")
    error = ElementTree.SubElement(ElementTree.SubElement(root, "Errors"), "Error")
    ElementTree.SubElement(error, "Code").text = code
    ElementTree.SubElement(error, "Message").text = message
    ElementTree.SubElement(root, "RequestID").text = str(uuid.uuid4())
    return _as_bytes(root)


def _as_bytes(root: ElementTree.Element) -> bytes:
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
