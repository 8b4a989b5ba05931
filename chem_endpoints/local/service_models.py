"""botocore's descriptions of the services, read once for all: SageMaker's alone takes 10 MB."""

import botocore.session
from botocore.loaders import create_loader
from botocore.model import ServiceModel

_LOADER = create_loader()


def new_session() -> botocore.session.Session:
    """A session whose clients share the descriptions that others have read."""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    return session


def service_model(service: str) -> ServiceModel:
    """botocore's description of a service.

    Args:
        service: its name in boto3.
    """
    return ServiceModel(_LOADER.load_service_model(service, "service-2"), service)
