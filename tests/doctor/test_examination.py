"""Promise: one endpoint or stack that AWS refuses to show, or that is just being deleted, hides no other."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from chem_endpoints.doctor import Report, reports
from chem_endpoints.local.address import REGION

pytestmark = pytest.mark.end_to_end

REFUSED = ("AccessDeniedException", "not authorized")
Answering = Callable[..., dict[str, Report]]


class _Raw:
    """A body that is there at once."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Any:
        yield self._content


@pytest.fixture
def answering(session: Any) -> Answering:
    """Examines everything, where AWS answers one operation about one thing with an error."""

    def examined(service: str, operation: str, about: str, error: tuple[str, str]) -> dict[str, Report]:
        code, message = error
        content = (
            f'{{"__type": "{code}", "message": "{message}"}}'
            if service == "sagemaker"
            else f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>r</RequestId></ErrorResponse>"
        )

        def answer(request: Any, **_: Any) -> AWSResponse | None:
            body = request.body if isinstance(request.body, str) else request.body.decode()
            return AWSResponse(request.url, 400, {}, _Raw(content.encode())) if about in body else None

        own = boto3.Session(region_name=REGION)
        own.events.register(f"before-send.{service}.{operation}", answer)
        return {report.endpoint: report for report in reports(session=own, local=False)}

    return examined


def foreign(client: Any, patient: Any) -> str:
    """An endpoint of somebody else."""
    sagemaker, name = client("sagemaker"), patient.name
    sagemaker.create_model(ModelName=name, **patient.model()["Properties"])
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": "ml.c7i.xlarge"}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    patient.settled()
    return str(name)


def test_tags_that_aws_does_not_show(healthy: Any, patient: Any, client: Any, answering: Answering) -> None:
    name = foreign(client, patient)
    found = answering("sagemaker", "ListTags", name, REFUSED)
    assert found[healthy.name].findings == ()
    (finding,) = found[name].findings
    assert finding.severity == "unseen"
    assert "not authorized" in finding.happened
    gone = answering("sagemaker", "ListTags", name, ("ValidationException", "Could not find resource."))
    assert name not in gone
    assert gone[healthy.name].findings == ()


def test_a_stack_that_aws_does_not_show(healthy: Any, patient: Any, answering: Answering) -> None:
    patient.deploy(patient.resources())
    found = answering("cloudformation", "GetTemplate", patient.stack, ("AccessDenied", "not authorized"))
    assert found[healthy.name].findings == ()
    assert [finding.severity for finding in found[patient.name].findings] == ["unseen"]
    gone = answering("cloudformation", "GetTemplate", patient.stack, ("ValidationError", "Stack x does not exist"))
    assert gone[healthy.name].findings == ()
    # The endpoint still carries our tag.
    assert gone[patient.name].findings[0].happened.startswith("no stack owns the endpoint")


def test_an_endpoint_that_aws_does_not_describe(healthy: Any, patient: Any, answering: Answering) -> None:
    patient.deploy(patient.resources())
    found = answering("sagemaker", "DescribeEndpoint", patient.name, REFUSED)
    assert found[healthy.name].findings == ()
    (finding,) = found[patient.name].findings
    assert (finding.check, finding.severity) == ("live", "unseen")
    assert finding.remedy == "Allow what docs/doctor.md lists for every endpoint"
