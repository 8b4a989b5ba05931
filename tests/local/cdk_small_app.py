"""A stack of a log group and a bucket that goes wrong in several ways: ``cdk_small_app.py OUT``.

Synthesizes ``OUT/first``, ``OUT/changed``, ``OUT/late`` (the service refuses the bucket) and ``OUT/wrong`` (a property
that no bucket has).
"""

import sys
from pathlib import Path
from typing import Any

from aws_cdk import App, CfnOutput, CfnResource, Environment, Stack

ACCOUNT, REGION = "123456789012", "us-east-1"
STACK, LOG_GROUP = "s-small", "/small/logs"


def synthesize(out: Path, *, days: int, bucket: dict[str, Any] | None = None) -> None:
    app = App(outdir=str(out), analytics_reporting=False)
    stack = Stack(app, "Small", stack_name=STACK, env=Environment(account=ACCOUNT, region=REGION))
    properties = {"LogGroupName": LOG_GROUP, "RetentionInDays": days}
    group = CfnResource(stack, "Logs", type="AWS::Logs::LogGroup", properties=properties)
    CfnOutput(stack, "Name", value=group.ref)
    if bucket is not None:
        CfnResource(stack, "Bucket", type="AWS::S3::Bucket", properties=bucket).add_dependency(group)
    app.synth()


if __name__ == "__main__":
    out = Path(sys.argv[1])
    synthesize(out / "first", days=30)
    synthesize(out / "changed", days=60)
    synthesize(out / "late", days=90, bucket={"LoggingConfiguration": {"DestinationBucketName": "no-such-bucket"}})
    synthesize(out / "wrong", days=90, bucket={"VersioningConfiguration": {"Status": "Enabled", "Colour": "red"}})
