"""Promise: who follows a tutorial to its end has what it says: files, a replaced endpoint, a page to look at.

What the commands print is compared in test_pages.py; here is what a reader finds afterwards. The time of each page is
printed.
"""

import re
from collections.abc import Callable
from urllib.request import urlopen

import pandas as pd
import pytest
import yaml

from chem_endpoints import Endpoint
from chem_endpoints.client.local_endpoint import LocalEndpoint
from page_fences import ROOT, page
from page_run import PageRun

TUTORIALS = ("first-prediction", "deploy-your-model", "write-a-model-script", "long-3d-jobs")
Followed = Callable[[str], PageRun]
minutes = [pytest.mark.thorough, pytest.mark.end_to_end]


def tutorial(name: str) -> str:
    return f"docs/tutorials/{name}.md"


def follow(followed: Followed, name: str) -> PageRun:
    run = followed(tutorial(name))
    print(f"{name}: {run.seconds:.0f} s")
    assert not run.complaints, "\n\n".join(run.complaints)
    return run


@pytest.mark.parametrize("name", TUTORIALS)
def test_it_ends_with_what_was_done_and_where_to_go(name: str) -> None:
    headings = re.findall(r"^## (.+)$", page(tutorial(name)).text, re.MULTILINE)
    assert headings[-1] == "What you have done"
    next_steps = page(tutorial(name)).text.rpartition("\nNext:\n\n")[2]
    assert all("](" in item for item in next_steps.removeprefix("- ").split("\n- "))


def test_each_is_followed_by_the_tests_and_shows_what_is_printed() -> None:
    silent = {"cat", "head", "echo", "cp", "mv", "sleep", "python"}
    for name in TUTORIALS:
        steps = page(tutorial(name)).steps
        assert steps
        for step in steps:
            *_, last = step.fence.body.rstrip().splitlines()
            opens_python = last.split()[-1] == "python"
            assert step.outputs or opens_python or step.fence.body.split()[0] in silent, step.fence.place


@pytest.mark.end_to_end
def test_the_address_that_python_tells_shows_the_playground() -> None:
    endpoint = Endpoint.local(ROOT / "examples/bundles/logs-v1.tar.gz")
    assert isinstance(endpoint, LocalEndpoint)
    with urlopen(endpoint.url) as answer:
        assert answer.headers.get_content_type() == "text/html"
        assert b"<title>Playground</title>" in answer.read()


class TestDeployYourModel:
    pytestmark = minutes

    def test_the_second_deployment_serves_a_model_that_knows_more(self, followed: Followed) -> None:
        run = follow(followed, "deploy-your-model")
        first, second = (run.printed(words) for words in ("solubility_unseen.csv --out", "tail -n +2"))
        known = [re.search(r"^in_training +(\w+)", told, re.MULTILINE) for told in (first, second)]
        assert [found and found[1] for found in known] == ["no", "yes"]

    def test_the_files_for_git_are_there(self, followed: Followed) -> None:
        run = follow(followed, "deploy-your-model")
        declared = yaml.safe_load((run.clone / "endpoints/mine-v1.yaml").read_text())
        assert declared["model"]["artifact"] == "models/mine-v1/model.tar.gz"
        assert (run.clone / "models/mine-v1/model.tar.gz").is_file()
        predicted = pd.read_csv(run.clone / "predicted.csv")
        assert predicted["prediction"].notna().sum() == len(predicted) == 14


class TestWriteAModelScript:
    pytestmark = minutes

    def test_the_rule_marks_what_training_had_none_of(self, followed: Followed) -> None:
        told = follow(followed, "write-a-model-script").printed('["name", "log_s", "prediction", "caution"]')
        marked = {line.split()[1] for line in told.splitlines() if "none in training" in line}
        assert marked == {"aspirin", "diclofenac", "ibuprofen", "naproxen", "lidocaine"}


class TestLong3dJobs:
    pytestmark = minutes

    def test_the_sd_file_holds_conformers_in_three_dimensions(self, followed: Followed) -> None:
        from rdkit import Chem

        run = follow(followed, "long-3d-jobs")
        records = list(Chem.SDMolSupplier(str(run.clone / "conformers.sdf"), removeHs=False))
        with_structure = [record for record in records if record.GetNumAtoms()]
        embedded = [record for record in with_structure if not record.GetPropsAsDict().get("prediction_error")]
        assert len(embedded) > 100
        assert all(record.GetConformer().Is3D() for record in embedded)
        names = [record.GetProp("name") for record in records]
        assert names.count("allobarbital") > 1
        assert names.count("typing error") == 1
