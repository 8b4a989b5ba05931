"""Promise: the local AWS runs this clone's code for an image that names it, and tells why it refuses another."""

from pathlib import Path

import pytest

from chem_endpoints.local.address import ACCOUNT, REGION
from chem_endpoints.local.model_folder import HostingError, check_image
from chem_endpoints.local.settings import Settings
from chem_endpoints.spec.image_source import image_reference

ROOT = Path(__file__).parents[2]
OURS = image_reference(root=ROOT, image="base", account=ACCOUNT, region=REGION)


def test_the_code_of_this_clone_runs() -> None:
    check_image(OURS, REGION, Settings(root=ROOT))


def test_code_that_changed_is_to_be_deployed_again() -> None:
    with pytest.raises(HostingError, match=r"not the code of this clone .* deploy again from this clone$"):
        check_image(OURS[:-1] + "x", REGION, Settings(root=ROOT))


def test_an_asset_of_the_cdk_is_to_be_deployed_otherwise() -> None:
    asset = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/cdk-hnb659fds-container-assets:{'0' * 64}"
    with pytest.raises(HostingError, match=r"not in the repository chem-endpoints.*`images` is source or codebuild$"):
        check_image(asset, REGION, Settings(root=ROOT))


def test_outside_a_clone_the_installed_code_runs_for_every_tag_of_our_repository_and_for_no_other(
    tmp_path: Path,
) -> None:
    repository = OURS.rpartition(":")[0]
    check_image(f"{repository}:any", REGION, Settings(root=tmp_path))
    with pytest.raises(HostingError, match="not in the repository chem-endpoints"):
        check_image(f"{repository.replace('chem-endpoints', 'other')}:any", REGION, Settings(root=tmp_path))
