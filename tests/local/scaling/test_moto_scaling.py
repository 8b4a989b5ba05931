"""Each mended fault of moto is still there in plain moto: a fix that is no longer needed must go."""

import json
import subprocess
import sys
from typing import Any

PROBE = """
import boto3, json, sys
from moto import mock_aws
if sys.argv[1] == "mended":
    from chem_endpoints.local.scaling.moto_scaling import apply_scaling_fixes
    apply_scaling_fixes()
    apply_scaling_fixes()
seen = {}
with mock_aws():
    keys = dict(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    cloudwatch, scaling = boto3.client("cloudwatch", **keys), boto3.client("application-autoscaling", **keys)
    target = dict(ServiceNamespace="sagemaker", ResourceId="inference-component/a",
                  ScalableDimension="sagemaker:inference-component:DesiredCopyCount")
    try:
        scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=1)
        seen["copies"] = True
    except scaling.exceptions.ClientError:
        seen["copies"] = False
    alarm = dict(AlarmName="a", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
                 Threshold=1, ComparisonOperator="GreaterThanThreshold")
    state = lambda: cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"]
    cloudwatch.put_metric_alarm(**alarm)
    seen["first"] = state()
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x")
    cloudwatch.put_metric_alarm(**alarm)
    seen["changed"] = state()
    target = dict(ServiceNamespace="sagemaker", ResourceId="endpoint/a/variant/b",
                  ScalableDimension="sagemaker:variant:DesiredInstanceCount")
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=1)
    scaling.put_scheduled_action(**target, ScheduledActionName="s", Schedule="rate(1 day)")
    scaling.deregister_scalable_target(**target)
    seen["left"] = len(scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"])
print(json.dumps(seen))
"""


def seen(kind: str) -> Any:
    done = subprocess.run([sys.executable, "-c", PROBE, kind], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_plain_moto_has_the_faults() -> None:
    assert seen("plain") == {"copies": False, "first": "OK", "changed": "OK", "left": 1}


def test_the_fixes_mend_them() -> None:
    assert seen("mended") == {"copies": True, "first": "INSUFFICIENT_DATA", "changed": "ALARM", "left": 0}
