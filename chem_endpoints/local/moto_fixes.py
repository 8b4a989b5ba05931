"""Faults of moto 5.2.5 that stand in our way, one function each, with the reason.

``tests/local/test_moto_fixes.py`` shows for each that plain moto still has the fault, so a mended moto is noticed.
"""

import logging
import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from traceback import format_tb
from types import TracebackType
from typing import Any

from werkzeug.exceptions import NotImplemented

from chem_endpoints.local.own_clients import USER_AGENT_MARK
from chem_endpoints.local.s3_bodies import keep_large_bodies_in_files
from chem_endpoints.local.wsgi import Request

_LOGGER = logging.getLogger(__name__)

MOTO_ENVIRONMENT = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
"""Without it the roles of the CDK bootstrap stack cannot attach AWS's own policies; read when moto is imported."""


def apply_moto_fixes() -> None:
    """Applies all fixes that change moto itself."""
    accept_current_instance_types()
    ignore_bucket_policies()
    keep_policy_arn_on_update()
    let_cloudformation_set_its_own_bucket_tags()
    keep_large_bodies_in_files(_replace)
    keep_managed_policies_compressed()


def accept_current_instance_types() -> None:
    """moto's list of hosting instance types stops at g4dn and c5: ``ml.c7i.xlarge`` is refused."""
    from moto.sagemaker.models import FakeEndpointConfig

    _replace(FakeEndpointConfig, "validate_instance_type", lambda _self, _instance_type: None)


def ignore_bucket_policies() -> None:
    """moto applies a bucket policy's Deny without its Condition: ``aws:SecureTransport`` refuses every PUT."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    _replace(FakeBucket, "get_permission", lambda _self, _action, _resource: PermissionResult.NEUTRAL)


def keep_policy_arn_on_update() -> None:
    """moto gives a scaling policy a new ARN at each update: alarms that name the old one would act on nothing."""
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeApplicationAutoscalingPolicy

    put: Callable[..., Any] = ApplicationAutoscalingBackend.put_scaling_policy

    def put_keeping_arn(self: Any, **parameters: Any) -> Any:
        names = ("service_namespace", "resource_id", "scalable_dimension", "policy_name")
        key = FakeApplicationAutoscalingPolicy.formulate_key(*(parameters[name] for name in names))
        previous = self.policies.get(key)
        policy = put(self, **parameters)
        if previous is not None:
            policy.policy_arn = previous.policy_arn
        return policy

    _replace(ApplicationAutoscalingBackend, "put_scaling_policy", put_keeping_arn)


def let_cloudformation_set_its_own_bucket_tags() -> None:
    """moto refuses ``aws:`` tags of buckets to all; CloudFormation sets ``aws:cloudformation:…``, and nobody else."""
    from moto.s3.responses import S3Response

    read: Callable[..., dict[str, str]] = S3Response._bucket_tagging_from_body
    prefix, hidden = "aws:cloudformation:", "hidden-aws:cloudformation:"

    def read_own_as_well(self: Any) -> dict[str, str]:
        if USER_AGENT_MARK not in str(self.headers.get("User-Agent")):
            return read(self)
        text = self.body.decode() if isinstance(self.body, bytes) else self.body
        self.body = text.replace(f"<Key>{prefix}", f"<Key>{hidden}")
        return {key.replace(hidden, prefix): value for key, value in read(self).items()}

    _replace(S3Response, "_bucket_tagging_from_body", read_own_as_well)


def keep_managed_policies_compressed() -> None:
    """moto holds the text of AWS's managed policies, 5 MB, beside what it has read of it."""
    models: Any = import_module("moto.iam.models")
    holders = (models, import_module("moto.iam.aws_managed_policies"))

    text = models.aws_managed_policies_data
    if not text:
        return
    packed, read = zlib.compress(text.encode()), models.IAMBackend._init_aws_policies

    def read_packed(self: Any) -> Any:
        models.aws_managed_policies_data = zlib.decompress(packed).decode()
        try:
            return read(self)
        finally:
            models.aws_managed_policies_data = ""

    for module in holders:
        _replace(module, "aws_managed_policies_data", "")
    _replace(models.IAMBackend, "_init_aws_policies", read_packed)


def _replace(owner: Any, name: str, replacement: Any) -> None:
    setattr(owner, name, replacement)


def create_app_without_debugger(service: Any) -> Any:
    """moto lets its exceptions reach the HTTP server, which answers with a traceback as HTML.

    Flask's own log of them has the path, and their messages have values: neither is to be in a log.
    A service that moto does not have (None) is answered as an operation that it does not have.
    """
    from flask import request
    from moto.moto_server.werkzeug_app import create_backend_app

    if service is None:
        return NotImplemented()

    def log_exception(raised: tuple[type[BaseException], BaseException, TracebackType | None]) -> None:
        kind, _, trace = raised
        operation = Request(request.environ).operation
        _LOGGER.error("moto: %s %s: %s\n%s", service, operation, kind.__name__, "".join(format_tb(trace)).rstrip())

    app = create_backend_app(service)
    app.debug = False
    _replace(app, "log_exception", log_exception)
    return app


def answers_lookup_events(target: str) -> bool:
    """moto has no CloudTrail LookupEvents, which the CDK CLI asks after a failed deployment, for half a minute."""
    return target.endswith(".LookupEvents")


NO_EVENTS = b'{"Events":[]}'


def summarise_data_capture(config: Mapping[str, Any]) -> dict[str, Any]:
    """moto shows the configuration's fields as an endpoint's DataCaptureConfig; SageMaker shows a summary."""
    enabled = bool(config.get("EnableCapture", True))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }
