"""A CDK app with a custom resource behind the Provider framework: ``provider_app.py OUT`` writes its stack ``S``."""

import sys

from constructs_lib.node_runtime import use_bundled_node

use_bundled_node()

from aws_cdk import App, CustomResource, DefaultStackSynthesizer, Duration, Stack  # noqa: E402
from aws_cdk import aws_lambda as lambda_  # noqa: E402
from aws_cdk import custom_resources as cr  # noqa: E402

ON_EVENT = """
def handler(event, context):
    properties = event["ResourceProperties"]
    if properties.get("Fail") == event["RequestType"]:
        raise ValueError("no solvent")
    if event["RequestType"] == "Create":
        return {"PhysicalResourceId": "vial-" + properties["Vial"], "Data": {"Begun": "yes"}}
"""
IS_COMPLETE = """
import boto3
def handler(event, context):
    if event["RequestType"] == "Delete":
        return {"IsComplete": True}
    ssm, name = boto3.client("ssm"), "/provider/" + event["RequestId"]
    asked = ssm.put_parameter(Name=name, Value="x", Type="String", Overwrite=True)["Version"]
    return {"IsComplete": True, "Data": {"Asked": str(asked)}} if asked == 3 else {"IsComplete": False}
"""


def main() -> None:
    """Synthesizes the app."""
    app = App(outdir=sys.argv[1], analytics_reporting=False)
    stack = Stack(app, "S", synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False))

    def function(name: str, code: str) -> lambda_.Function:
        inline = lambda_.Code.from_inline(code)
        runtime = lambda_.Runtime.PYTHON_3_13
        seconds = Duration.seconds(30)
        return lambda_.Function(stack, name, code=inline, handler="index.handler", runtime=runtime, timeout=seconds)

    provider = cr.Provider(
        stack,
        "Provider",
        on_event_handler=function("OnEvent", ON_EVENT),
        is_complete_handler=function("IsComplete", IS_COMPLETE),
        query_interval=Duration.seconds(1),
        total_timeout=Duration.minutes(1),
    )
    CustomResource(
        stack, "Vial", service_token=provider.service_token, resource_type="Custom::Vial", properties={"Vial": "1"}
    )
    app.synth()


if __name__ == "__main__":
    main()
