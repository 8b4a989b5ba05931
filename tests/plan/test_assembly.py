"""Promise: both sides of a plan come from an app that really runs: the working tree's, and that of a commit."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from chem_endpoints.plan.assembly import (
    AssemblyError,
    read_assembly,
    resolve_commit,
    synthesize,
)
from chem_endpoints.plan.comparison import base_side

# A small app in the place of ours: it does what CDK does with the variables that the CDK CLI sets.
APP = """
import json, os, sys
from pathlib import Path

context = json.loads(os.environ["CDK_CONTEXT_JSON"])
if context["stage"] == "none":
    sys.exit("stages.yaml: none: no such stage")
folder = Path(os.environ["CDK_OUTDIR"])
artifacts = {}
for file in sorted(Path(context["endpoints"]).glob("*.yaml")):
    template = f"{file.stem}.template.json"
    resources = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": file.read_text()}}}
    (folder / template).write_text(json.dumps({"Resources": resources}))
    artifacts[f"ChemEndpoints-{file.stem}"] = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://111122223333/{context['region']}",
        "properties": {"templateFile": template},
    }
(folder / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": artifacts}))
"""
CONTEXT = {"stage": "prod", "endpoints": "endpoints"}


def git(root: Path, *arguments: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    name = ["-c", "user.name=a test", "-c", "user.email=test@example.org"]
    return subprocess.run(
        ["git", *name, *arguments], cwd=root, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with one declaration on main, and another text of it in the working tree of a branch."""
    root = tmp_path / "clone"
    (root / "endpoints").mkdir(parents=True)
    (root / "app.py").write_text(APP)
    (root / "cdk.json").write_text('{"context": {"region": "us-east-1"}}')
    (root / "endpoints" / "logs-v1.yaml").write_text("committed")
    git(root, "init", "--initial-branch", "main")
    git(root, "add", ".")
    git(root, "commit", "--message", "one")
    git(root, "checkout", "-b", "branch")
    (root / "endpoints" / "logs-v1.yaml").write_text("edited")
    return root


def shown(template: object) -> str:
    return str(template.body["Resources"]["Topic"]["Properties"]["DisplayName"])  # type: ignore[attr-defined]


def test_the_working_tree(clone: Path, tmp_path: Path) -> None:
    assembly = synthesize(clone, tmp_path / "out", context=CONTEXT)
    assert (assembly.account, assembly.region) == ("111122223333", "us-east-1")
    assert {name: shown(one) for name, one in assembly.templates.items()} == {"ChemEndpoints-logs-v1": "edited"}


def test_the_base_is_where_the_branch_left_main_and_its_own_app_runs(clone: Path) -> None:
    commit = git(clone, "rev-parse", "HEAD")
    (clone / "app.py").write_text("raise SystemExit('the working tree is half-written')")
    side = base_side(clone, resolve_commit(clone, None), context=CONTEXT)
    assert side.name == f"commit {commit[:12]}"
    assert shown(side.templates["ChemEndpoints-logs-v1"]) == "committed"


def test_a_named_commit(clone: Path) -> None:
    git(clone, "commit", "--all", "--message", "two")
    assert shown(base_side(clone, "HEAD~1", context=CONTEXT).templates["ChemEndpoints-logs-v1"]) == "committed"
    assert shown(base_side(clone, "branch", context=CONTEXT).templates["ChemEndpoints-logs-v1"]) == "edited"


def test_the_clone_is_left_as_it_was(clone: Path) -> None:
    before = git(clone, "status", "--porcelain"), git(clone, "worktree", "list"), git(clone, "stash", "list")
    base_side(clone, resolve_commit(clone, None), context=CONTEXT)
    assert before == (git(clone, "status", "--porcelain"), git(clone, "worktree", "list"), git(clone, "stash", "list"))


def test_main_of_the_remote_is_preferred(clone: Path) -> None:
    git(clone, "commit", "--all", "--message", "two")
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert resolve_commit(clone, None) == git(clone, "rev-parse", "HEAD")


def test_without_main_it_says_what_to_give(clone: Path) -> None:
    git(clone, "branch", "--delete", "--force", "main")
    with pytest.raises(AssemblyError, match="--base COMMIT, --deployed or --against FOLDER"):
        resolve_commit(clone, None)


@pytest.mark.parametrize("name", ["nonsense", "--all", "HEAD:app.py"])
def test_a_commit_that_git_does_not_know(clone: Path, name: str) -> None:
    with pytest.raises(AssemblyError, match=f"git knows no commit {name}"):
        resolve_commit(clone, name)


def test_what_the_app_refuses_is_told_in_its_words(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match=r"^stages\.yaml: none: no such stage$"):
        synthesize(clone, tmp_path / "out", context={**CONTEXT, "stage": "none"})
    with pytest.raises(AssemblyError, match=r"the app of commit main does not synthesize: stages\.yaml: none"):
        base_side(clone, "main", name="main", context={**CONTEXT, "stage": "none"})


def test_a_stage_that_is_new_is_compared_with_nothing(clone: Path) -> None:
    (clone / "stages.yaml").write_text("local: {}")
    git(clone, "add", ".")
    git(clone, "commit", "--message", "stages")
    side = base_side(clone, "HEAD", name="HEAD", context={**CONTEXT, "stage": "none"})
    assert side.templates == {}
    assert side.name == "commit HEAD, which has no stage none"
    assert base_side(clone, "HEAD", context={**CONTEXT, "stage": "local"}).templates


def test_a_link_that_leads_out_of_the_commit_is_told(clone: Path, tmp_path: Path) -> None:
    (clone / "elsewhere").symlink_to(tmp_path)
    git(clone, "add", ".")
    git(clone, "commit", "--message", "link")
    with pytest.raises(AssemblyError, match="elsewhere leads out of the clone"):
        base_side(clone, "HEAD", context=CONTEXT)


def test_a_folder_that_is_no_assembly(tmp_path: Path) -> None:
    with pytest.raises(AssemblyError, match="no cloud assembly"):
        read_assembly(tmp_path)


def test_what_is_deployed_before_a_stack_is_known_by_stack_name(tmp_path: Path) -> None:
    """As CDK writes it: assets are dependencies too, and a dependency has its own."""
    (tmp_path / "any.json").write_text('{"Resources": {}}')

    def stack(*dependencies: str) -> dict[str, object]:
        return {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111122223333/us-east-1",
            "properties": {"templateFile": "any.json"},
            "dependencies": list(dependencies),
        }

    artifacts = {
        "endpoint.assets": {"type": "cdk:asset-manifest"},
        "endpoint": stack("images", "endpoint.assets"),
        "images": stack("foundation"),
        "foundation": stack(),
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": artifacts}))
    assert read_assembly(tmp_path).dependencies == {
        "endpoint": ("foundation", "images"),
        "images": ("foundation",),
        "foundation": (),
    }
