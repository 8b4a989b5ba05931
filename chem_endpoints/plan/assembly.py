"""Cloud assemblies: what ``python app.py`` writes, for the working tree or for a commit."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chem_endpoints.plan.template import Template, read_template

MANIFEST = "manifest.json"
STACK_ARTIFACT = "aws:cloudformation:stack"


class AssemblyError(Exception):
    """There is no assembly to compare with; says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A synthesized app.

    Attributes:
        folder: where it lies.
        templates: by stack name.
        dependencies: the stacks that ``cdk deploy`` deploys before a stack, by its name, sorted.
        account, region: of all its stacks.
    """

    folder: Path
    templates: Mapping[str, Template]
    dependencies: Mapping[str, tuple[str, ...]]
    account: str
    region: str


def read_assembly(folder: Path) -> Assembly:
    """Reads a folder such as ``cdk.out``.

    Raises:
        AssemblyError: it is none, or its stacks go to several regions.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssemblyError(f"{folder}: no cloud assembly (the cdk.out of a `cdk synth`): {error}") from None
    stacks = {name: one for name, one in manifest["artifacts"].items() if one["type"] == STACK_ARTIFACT}
    places = {one["environment"] for one in stacks.values()}
    if len(places) != 1:
        raise AssemblyError(f"{folder}: expected stacks of one account and region, found {len(places)}")
    account, region = places.pop().removeprefix("aws://").split("/")
    called = {name: one["properties"].get("stackName", name) for name, one in stacks.items()}
    return Assembly(
        folder=folder,
        templates={
            called[name]: read_template(folder / one["properties"]["templateFile"]) for name, one in stacks.items()
        },
        dependencies={
            called[name]: tuple(sorted(called[each] for each in _needed(name, manifest["artifacts"]) & {*stacks}))
            for name in stacks
        },
        account=account,
        region=region,
    )


def _needed(name: str, artifacts: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """All artifacts that one depends on, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for each in artifacts.get(waiting.pop(), {}).get("dependencies", ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def synthesize(root: Path, folder: Path, *, context: Mapping[str, str]) -> Assembly:
    """Runs the app of a tree with this Python, as the CDK CLI would, and reads what it wrote.

    Args:
        root: the tree; its modules are used, not this process's.
        folder: where the assembly goes.
        context: as after ``-c``.

    Raises:
        AssemblyError: the app says that something is wrong.
    """
    settings = json.loads((root / "cdk.json").read_text(encoding="utf-8"))
    known = {**settings.get("context", {}), **context}
    folder.mkdir(parents=True, exist_ok=True)
    env = {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(known),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run([sys.executable, "app.py"], cwd=root, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssemblyError(done.stderr.strip() or done.stdout.strip() or f"app.py ended with {done.returncode}")
    return read_assembly(folder)


def export_commit(root: Path, commit: str, folder: Path) -> None:
    """Writes the tree of a commit into a folder, without touching the clone.

    Raises:
        AssemblyError: the commit holds a link that leads out of it.
    """
    done = subprocess.run(["git", "archive", "--format=tar", commit], cwd=root, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        try:
            archive.extractall(folder, filter="data")
        except tarfile.FilterError as error:
            raise AssemblyError(
                f"commit {commit} cannot be exported: {error.tarinfo.name} leads out of the clone; "
                "replace the link by what it leads to, or give --base COMMIT without it"
            ) from None


def resolve_commit(root: Path, commit: str | None) -> str:
    """The id of a commit; default: where this branch left ``origin/main``, or ``main`` without such a remote.

    Raises:
        AssemblyError: git knows no such commit, this is no git clone, or a shallow one without that commit.
    """
    if commit is not None:
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
        if not found:
            raise AssemblyError(f"git knows no commit {commit}")
        return found
    for branch in ("origin/main", "main"):
        found = _git(root, "merge-base", "HEAD", branch)
        if found:
            return found
    raise AssemblyError(
        "no common commit with origin/main or main. In a shallow clone run `git fetch --unshallow`; otherwise say what"
        " to compare with: --base COMMIT, --deployed or --against FOLDER"
    )


def _git(root: Path, *arguments: str) -> str:
    """What git answers; empty where it refuses."""
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False).stdout.strip()
