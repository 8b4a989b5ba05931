"""CloudFormation types of ECR."""

from typing import Any

from chem_endpoints.local.cfn_properties import Properties, given
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, change_tags, undone_on_failure
from chem_endpoints.local.cfn_stack import Made


def _create_repository(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    name = taken.take("RepositoryName") or context.lower_name(limit=200)
    settings = _take_settings(taken)
    encryption = taken.take("EncryptionConfiguration")
    tags = taken.take("Tags")
    taken.end()
    parameters = given(repositoryName=name, encryptionConfiguration=encryption, tags=tags)
    repository = context.call("ecr", "create_repository", parameters)["repository"]
    with undone_on_failure(lambda: context.client("ecr").delete_repository(repositoryName=name)):
        _apply_settings(context, name, settings)
    return Made(
        physical_id=name,
        attributes={"Arn": repository["repositoryArn"], "RepositoryUri": repository["repositoryUri"]},
    )


def _take_settings(taken: Properties) -> dict[str, Any]:
    taken.take("EmptyOnDelete")
    return {
        "scanning": taken.take("ImageScanningConfiguration"),
        "mutability": taken.take("ImageTagMutability"),
        "exceptions": _as_the_api_names_them(taken.take("ImageTagMutabilityExclusionFilters")),
        "lifecycle": (taken.take("LifecyclePolicy") or {}).get("LifecyclePolicyText"),
        "policy": taken.take_json("RepositoryPolicyText"),
    }


def _as_the_api_names_them(filters: list[dict[str, str]] | None) -> list[dict[str, str]] | None:
    """CloudFormation and ECR call the two halves of an exclusion filter differently."""
    if filters is None:
        return None
    prefix = "ImageTagMutabilityExclusion"
    return [{"filterType": each[f"{prefix}FilterType"], "filter": each[f"{prefix}FilterValue"]} for each in filters]


def _apply_settings(context: Context, name: str, settings: dict[str, Any]) -> None:
    if settings["scanning"]:
        parameters = {"repositoryName": name, "imageScanningConfiguration": settings["scanning"]}
        context.call("ecr", "put_image_scanning_configuration", parameters)
    if settings["mutability"]:
        parameters = {"repositoryName": name, "imageTagMutability": settings["mutability"]}
        exceptions = given(imageTagMutabilityExclusionFilters=settings["exceptions"])
        context.call("ecr", "put_image_tag_mutability", {**parameters, **exceptions})
    if settings["lifecycle"]:
        context.client("ecr").put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=settings["lifecycle"])
    if settings["policy"]:
        context.client("ecr").set_repository_policy(repositoryName=name, policyText=settings["policy"])


def _update_repository(context: Context, made: Made, old: Values, new: Values) -> Made:
    taken, ecr = Properties(new), context.client("ecr")
    settings = _take_settings(taken)
    for unchangeable in ("Tags", "RepositoryName", "EncryptionConfiguration"):
        taken.take(unchangeable)
    taken.end()
    if old.get("LifecyclePolicy") and not settings["lifecycle"]:
        ecr.delete_lifecycle_policy(repositoryName=made.physical_id)
    if old.get("RepositoryPolicyText") and not settings["policy"]:
        ecr.delete_repository_policy(repositoryName=made.physical_id)
    if "ImageScanningConfiguration" in old:
        settings["scanning"] = settings["scanning"] or {"scanOnPush": False}
    if "ImageTagMutability" in old:
        settings["mutability"] = settings["mutability"] or "MUTABLE"
    _apply_settings(context, made.physical_id, settings)
    arn = made.attributes["Arn"]
    change_tags(
        old,
        new,
        remove=lambda keys: ecr.untag_resource(resourceArn=arn, tagKeys=keys),
        add=lambda tags: ecr.tag_resource(resourceArn=arn, tags=tags),
    )
    return made


def _delete_repository(context: Context, made: Made, properties: Values) -> None:
    force = str(properties.get("EmptyOnDelete", False)).lower() == "true"
    context.client("ecr").delete_repository(repositoryName=made.physical_id, force=force)


ECR_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::ECR::Repository",
        known=frozenset(
            {
                "RepositoryName",
                "EmptyOnDelete",
                "EncryptionConfiguration",
                "ImageScanningConfiguration",
                "ImageTagMutability",
                "ImageTagMutabilityExclusionFilters",
                "LifecyclePolicy",
                "RepositoryPolicyText",
                "Tags",
            }
        ),
        create=_create_repository,
        update=_update_repository,
        delete=_delete_repository,
        replaced_by=frozenset({"RepositoryName", "EncryptionConfiguration"}),
        name_property="RepositoryName",
    ),
)
