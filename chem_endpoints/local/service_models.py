"""botocore's descriptions of the services, read once for all: SageMaker's alone takes 10 MB."""

import botocore.session
from botocore.model import ServiceModel

SESSION = botocore.session.Session()
"""The one that every client of ours and every look into a description goes through."""


def service_model(service: str) -> ServiceModel:
    """botocore's description of a service.

    Args:
        service: its name in boto3.
    """
    return ServiceModel(SESSION.get_component("data_loader").load_service_model(service, "service-2"), service)
