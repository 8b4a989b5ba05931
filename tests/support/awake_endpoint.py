"""An endpoint that sleeps after the demonstration, and that a test cannot wait for."""

import boto3

from chem_endpoints.local.address import REGION


def awaken(name: str, url: str) -> None:
    """One instance, if it has none: after the demonstration it sleeps, and would wake within a minute only."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    sagemaker = session.client("sagemaker", endpoint_url=url)
    in_service, patience = sagemaker.get_waiter("endpoint_in_service"), {"Delay": 1, "MaxAttempts": 120}
    in_service.wait(EndpointName=name, WaiterConfig=patience)  # It may be falling asleep.
    (variant,) = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
    if variant["CurrentInstanceCount"]:
        return
    wanted = [{"VariantName": variant["VariantName"], "DesiredInstanceCount": 1}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
    in_service.wait(EndpointName=name, WaiterConfig=patience)
