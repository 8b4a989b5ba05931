"""Where SageMaker puts what containers print: log groups and streams.

Source: "Log groups and streams that Amazon SageMaker AI sends to Amazon CloudWatch Logs", SageMaker developer guide;
the group of inference components is not listed there.
"""

import uuid
from dataclasses import dataclass, field


def endpoint_log_group(endpoint: str) -> str:
    """The log group of an endpoint's containers."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def component_log_group(component: str) -> str:
    """The log group of an inference component's copies."""
    return f"/aws/sagemaker/InferenceComponents/{component}"


def _instance_id() -> str:
    return f"i-0{uuid.uuid4().hex[:16]}"


@dataclass(frozen=True, kw_only=True)
class LogStream:
    """The stream of one instance."""

    region: str
    group: str
    variant: str
    instance_id: str = field(default_factory=_instance_id)

    @property
    def name(self) -> str:
        """``VARIANT/INSTANCE``."""
        return f"{self.variant}/{self.instance_id}"
