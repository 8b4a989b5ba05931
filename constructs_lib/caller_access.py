"""What those who call an endpoint may do: invoke it, read what it is, capture inferences, and use its queue."""

from collections.abc import Sequence

from aws_cdk import Annotations
from aws_cdk import aws_iam as iam
from constructs import Construct

from constructs_lib.async_objects import AsyncObjects
from constructs_lib.key_access import use_shared_key
from constructs_lib.naming import EndpointNames
from constructs_lib.published_bundle import PublishedBundle
from constructs_lib.tagging import ENDPOINT


class CallerAccess(Construct):
    """A managed policy, attached to the declared callers of the stage's account.

    A policy cannot be attached across accounts: callers of another account are left out with a warning, so one
    declaration may name the callers of every stage.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        callers: Sequence[str],
        names: EndpointNames,
        bundle: PublishedBundle,
        objects: AsyncObjects | None = None,
        component: bool = False,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            callers: ARNs of IAM roles and users.
            names: the endpoint's names.
            bundle: whose manifest they may read.
            objects: the queue's objects; None for an endpoint without a queue.
            component: whether the endpoint serves through an inference component.
        """
        super().__init__(scope, construct_id)
        self._statements = _statements(names, bundle, objects, component=component)
        ours = [caller for caller in callers if _account(caller) == names.shared.account]
        self._warn_of(sorted(set(callers) - set(ours)), names)
        self.policy = iam.CfnManagedPolicy(
            self,
            "Resource",
            managed_policy_name=names.caller_policy,
            policy_document=iam.PolicyDocument(statements=self._statements),
            roles=_names_of("role", ours),
            users=_names_of("user", ours),
        )

    def grant_invoke(self, grantee: iam.IGrantable) -> None:
        """Gives a principal of the app what the declared callers have.

        Args:
            grantee: a role, a function, or anything else that can be granted permissions.
        """
        for statement in self._statements:
            grantee.grant_principal.add_to_principal_policy(statement)

    def _warn_of(self, foreign: Sequence[str], names: EndpointNames) -> None:
        for caller in foreign:
            Annotations.of(self).add_warning_v2(
                f"chem-endpoints:caller-of-another-account:{caller}",
                f"{caller} is not of account {names.shared.account} and gets no access to {names.endpoint}. "
                "Let it assume a role of that account, and declare the role.",
            )


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _names_of(kind: str, arns: Sequence[str]) -> list[str] | None:
    """IAM attaches policies by name, without the path."""
    return [arn.rpartition("/")[2] for arn in arns if arn.split(":")[5].startswith(f"{kind}/")] or None


def _statements(
    names: EndpointNames, bundle: PublishedBundle, objects: AsyncObjects | None, *, component: bool
) -> list[iam.PolicyStatement]:
    invoke = "sagemaker:InvokeEndpointAsync" if objects else "sagemaker:InvokeEndpoint"
    statements = [
        iam.PolicyStatement(
            actions=[invoke, "sagemaker:DescribeEndpoint", "sagemaker:ListTags"], resources=[names.endpoint_arn]
        ),
        # Configurations have generated names and change with each deployment; the tag tells ours.
        iam.PolicyStatement(
            actions=["sagemaker:DescribeEndpointConfig"],
            resources=[names.any_endpoint_config_arn],
            conditions={"StringEquals": {f"aws:ResourceTag/{ENDPOINT}": names.endpoint}},
        ),
    ]
    if component:
        statements.append(iam.PolicyStatement(actions=["sagemaker:InvokeEndpoint"], resources=[names.component_arn]))
    if bundle.manifest:
        statements.append(iam.PolicyStatement(actions=["s3:GetObject"], resources=[bundle.manifest.arn]))
    return [*statements, *_exchange(names, objects), use_shared_key(names.shared)]


def _exchange(names: EndpointNames, objects: AsyncObjects | None) -> tuple[iam.PolicyStatement, ...]:
    """Objects of the shared bucket: everybody's named captures, and the requests and answers of a queue."""
    captures = names.named_captures
    queue = (objects.input, objects.output, objects.failure) if objects else ()
    written, read = (captures, *queue[:1]), (captures, *queue)
    statements = (
        iam.PolicyStatement(actions=["s3:PutObject"], resources=[place.contents_arn for place in written]),
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[place.contents_arn for place in read]),
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[captures.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{place.key}*" for place in read]}},
        ),
    )
    return (*statements, _withdraw(objects)) if objects else statements


def _withdraw(objects: AsyncObjects) -> iam.PolicyStatement:
    """Requests may be taken back, as cancelling and purging a job do: who may overwrite them destroys no more."""
    return iam.PolicyStatement(
        actions=["s3:AbortMultipartUpload", "s3:DeleteObject"], resources=[objects.input.contents_arn]
    )
