"""Are the container's logs kept, encrypted and thrown away in time?"""

from collections.abc import Iterator, Mapping
from typing import Any

from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import Subject

_LOG_GROUP = "AWS::Logs::LogGroup"


def logs_are_kept(subject: Subject, look: Look) -> Iterator[Flaw]:
    """Each log group exists, with a retention and a key."""
    declared = [deployed.id for deployed in subject.stack.deployed(_LOG_GROUP)] if subject.stack else []
    for name in declared or [f"/aws/sagemaker/Endpoints/{subject.name}"]:
        group = _group(name, look)
        if group is None:
            yield Flaw(
                severity="warning",
                happened=f"the log group {name} is gone; SageMaker makes another that never expires",
                remedy=f"Make it again: aws logs create-log-group --log-group-name {name} --kms-key-id KEY_ARN, then"
                " aws logs put-retention-policy",
            )
            continue
        if "retentionInDays" not in group:
            yield Flaw(
                severity="warning",
                happened=f"the log group {name} never expires",
                remedy=f"aws logs put-retention-policy --log-group-name {name} --retention-in-days DAYS, as many as"
                " stages.yaml says",
            )
        if "kmsKeyId" not in group:
            yield Flaw(
                severity="warning",
                happened=f"the log group {name} is not encrypted with a key of yours",
                remedy=f"aws logs associate-kms-key --log-group-name {name} --kms-key-id KEY_ARN (the key behind"
                " alias/chem-endpoints)",
            )


def _group(name: str, look: Look) -> Mapping[str, Any] | None:
    pages = look.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    return next((group for page in pages for group in page["logGroups"] if group["logGroupName"] == name), None)
