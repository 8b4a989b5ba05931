"""The ECR repository's own rules: what expires, which tags may move, who else may pull."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

CACHE_PREFIX = "cache-"
"""Tags of layer caches: the only ones that move and the only ones that expire."""

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def moving_tags() -> list[ecr.ImageTagMutabilityExclusionFilter]:
    """The only tags that may move. All others are immutable: what was tested under a tag is what runs under it."""
    return [ecr.ImageTagMutabilityExclusionFilter.wildcard(f"{CACHE_PREFIX}*")]


def expiry_rules() -> list[ecr.LifecycleRule]:
    """What expires: layer caches. Images with a source hash or a ``release-*`` tag never do; an endpoint may run them,
    or be rolled back to them. An immutable tag never leaves its image, so only superseded caches have no tag."""
    return [
        ecr.LifecycleRule(
            rule_priority=1,
            description="images without a tag: superseded layer caches",
            tag_status=ecr.TagStatus.UNTAGGED,
            max_image_age=Duration.days(7),
        ),
        ecr.LifecycleRule(
            rule_priority=2,
            description="layer caches that no build has renewed",
            tag_prefix_list=[CACHE_PREFIX],
            max_image_age=Duration.days(30),
        ),
    ]


def allow_pull(repository: ecr.Repository, accounts: Sequence[str]) -> None:
    """Lets other accounts run the images, so that each stage runs the digest that the stage before it tested.

    Their own execution roles still need the permission. No key permission is needed: ECR decrypts for whoever may
    pull. Source: "Encryption at rest" and "Private repository policy examples", ECR user guide.

    Args:
        repository: the foundation's.
        accounts: 12 digits each; none: the policy stays as it is.
    """
    if not accounts:
        return
    repository.add_to_resource_policy(
        iam.PolicyStatement(
            sid="PullFromOtherStages",
            principals=[iam.AccountPrincipal(account) for account in sorted(accounts)],
            actions=list(_PULL),
        )
    )
