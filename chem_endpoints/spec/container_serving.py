"""What every kind of endpoint that runs on instances declares alike."""

from pydantic import Field

from chem_endpoints.spec.enhanced_metrics import EnhancedMetrics
from chem_endpoints.spec.instance_types import InstanceType
from chem_endpoints.spec.strict_model import StrictModel


class InstanceServing(StrictModel):
    """Instances, processes, network."""

    instance_type: InstanceType
    """SageMaker instance type, for example ml.c7i.large."""
    workers: int | None = Field(default=None, ge=1, le=1000)
    """Worker processes per instance; default: one per core. An async endpoint hands each instance as many requests
    at a time."""
    vpc: bool = False
    """Run in the stage's VPC (stages.yaml); default false."""
    isolation: bool = True
    """Cut the container off from every network; default true. It calls nobody; SageMaker moves requests and model."""
    metrics: EnhancedMetrics | None = None
    """Metrics per instance and more often; default: SageMaker's, each minute."""
