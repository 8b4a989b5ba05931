"""Keys of the volumes of endpoints: only configurations are made, no instance starts."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from chem_endpoints.smoke.check import Check, Finding, not_tested
from chem_endpoints.smoke.observation import refusal
from chem_endpoints.smoke.sandbox import Sandbox

LOCAL_STORAGE_TYPES = ("ml.g5.xlarge", "ml.m5d.large")
"""Their EC2 namesakes have NVMe disks; AWS offers both for endpoints."""

VOLUME_TYPE = "ml.m5.large"
KEY_ALIAS = "alias/aws/s3"
"""Exists in every account that ever used it; no key has to be made."""


def run(sandbox: Sandbox) -> Iterator[tuple[str, Finding]]:
    """An alias as the key, with and without a volume of its own."""
    with_volume = _refusal(sandbox, VOLUME_TYPE)
    told = with_volume or "accepted"
    yield "key-alias-accepted", Finding(verdict="refuted" if with_volume else "confirmed", evidence=told)
    refusals = {kind: _refusal(sandbox, kind) for kind in LOCAL_STORAGE_TYPES}
    told = "; ".join(f"{kind}: {words or 'accepted'}" for kind, words in refusals.items())
    if with_volume:
        yield "key-on-local-storage", not_tested(f"the alias is refused with a volume too: {told}")
    else:
        verdict = "confirmed" if all(refusals.values()) else "refuted"
        yield "key-on-local-storage", Finding(verdict=verdict, evidence=told)  # type: ignore[arg-type]


def _refusal(sandbox: Sandbox, instance_type: str) -> str:
    model = sandbox.model("unused")
    try:
        sandbox.config({"ModelName": model, "InstanceType": instance_type}, KmsKeyId=KEY_ALIAS)
    except ClientError as error:
        return refusal(error)
    return ""


STORAGE_KEY = Check(
    id="storage-key",
    answers=("key-alias-accepted", "key-on-local-storage"),
    instances=0,
    ceiling_minutes=10,
    run=run,
    not_local=dict.fromkeys(
        ("key-alias-accepted", "key-on-local-storage"), "the local AWS has neither keys nor disks of instances"
    ),
)
