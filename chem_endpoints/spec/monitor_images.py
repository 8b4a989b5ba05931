"""Where AWS keeps the image of Model Monitor's data-quality jobs.

Source: sagemaker-python-sdk, ``image_uri_config/model-monitor.json`` (read 2026-11-22), the table behind "Docker
registry paths and example code", SageMaker developer guide.
"""

from collections.abc import Mapping
from types import MappingProxyType

REPOSITORY = "sagemaker-model-monitor-analyzer"

ACCOUNTS: Mapping[str, str] = MappingProxyType(
    {
        "ap-east-1": "001633400207",
        "ap-northeast-1": "574779866223",
        "ap-northeast-2": "709848358524",
        "ap-south-1": "126357580389",
        "ap-southeast-1": "245545462676",
        "ap-southeast-2": "563025443158",
        "ca-central-1": "536280801234",
        "eu-central-1": "048819808253",
        "eu-north-1": "895015795356",
        "eu-west-1": "468650794304",
        "eu-west-2": "749857270468",
        "eu-west-3": "680080141114",
        "me-south-1": "607024016150",
        "sa-east-1": "539772159869",
        "us-east-1": "156813124566",
        "us-east-2": "777275614652",
        "us-west-1": "890145073186",
        "us-west-2": "159807026194",
    }
)
"""AWS's account by region."""


def analyzer_image(region: str) -> str:
    """Image reference of the data-quality analyzer; `region` must be one of `ACCOUNTS`."""
    return f"{ACCOUNTS[region]}.dkr.ecr.{region}.amazonaws.com/{REPOSITORY}"


def analyzer_repository_arn(region: str) -> str:
    """ARN of its repository, for the role that pulls it."""
    return f"arn:aws:ecr:{region}:{ACCOUNTS[region]}:repository/{REPOSITORY}"
