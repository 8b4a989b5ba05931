"""The first of two steps: what is deployed, minus its automatic scaling, as a cloud assembly of its own.

Made from the deployed template itself, so no old commit is needed, nothing else changes, and CloudFormation stays the
only owner of every resource.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chem_endpoints.plan.assembly import MANIFEST, AssemblyError
from chem_endpoints.plan.deployed import DeployedStack
from chem_endpoints.plan.template import ALARM, COMPOSITE_ALARM, SCALABLE_TARGET, SCALING_POLICY, references

_SCALING_TYPES = frozenset({SCALABLE_TARGET, SCALING_POLICY})
_ALARM_TYPES = frozenset({ALARM, COMPOSITE_ALARM})
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def without_scaling(body: Mapping[str, Any]) -> dict[str, Any]:
    """A template without its scaling: targets, policies, and alarms that do nothing but call a policy.

    An alarm that calls somebody else too keeps its other actions.
    """
    template: dict[str, Any] = json.loads(json.dumps(body))
    resources: dict[str, Any] = template["Resources"]
    gone = {name for name, resource in resources.items() if resource["Type"] in _SCALING_TYPES}
    for name, resource in list(resources.items()):
        if resource["Type"] in _ALARM_TYPES and _only_calls(resource["Properties"], gone):
            gone.add(name)
    for name in gone:
        del resources[name]
    for resource in resources.values():
        _forget(resource, gone)
    outputs: dict[str, Any] = template.get("Outputs", {})
    for name in [name for name, output in outputs.items() if gone & set(references(output))]:
        del outputs[name]
    return template


def _only_calls(properties: dict[str, Any], gone: set[str]) -> bool:
    """Takes the calls of policies out of an alarm; True where nothing is left of its actions."""
    called = False
    for key in _ACTIONS:
        if key in properties:
            actions = properties[key]
            properties[key] = [action for action in actions if not gone & set(references(action))]
            called = called or len(properties[key]) < len(actions)
    return called and not any(properties.get(key) for key in _ACTIONS)


def _forget(resource: dict[str, Any], gone: set[str]) -> None:
    wanted = resource.get("DependsOn", [])
    kept = [name for name in ([wanted] if isinstance(wanted, str) else wanted) if name not in gone]
    if kept:
        resource["DependsOn"] = kept
    else:
        resource.pop("DependsOn", None)


def write_assembly(folder: Path, *, stack: str, deployed: DeployedStack, like: Path) -> None:
    """Writes the assembly that ``cdk deploy --app FOLDER`` takes.

    Args:
        folder: where it goes.
        stack: the stack's name.
        deployed: its template and tags, as CloudFormation has them.
        like: an assembly of the same app; how the stack is deployed (roles, bucket of the assets) is read from it.

    Raises:
        AssemblyError: that assembly does not hold the stack.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, Any] = json.loads((like / MANIFEST).read_text(encoding="utf-8"))
    artifact = manifest["artifacts"].get(stack)
    if artifact is None:
        raise AssemblyError(f"{stack}: not declared")
    text = json.dumps(without_scaling(deployed.template.body), indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    properties = artifact["properties"]
    template_file, assets = properties["templateFile"], f"{stack}.assets"
    (folder / template_file).write_text(text, encoding="utf-8")
    # What the template refers to was uploaded when it was deployed; only the template itself is new.
    written: dict[str, Any] = json.loads((like / f"{assets}.json").read_text(encoding="utf-8"))
    ((old_digest, template_asset),) = (
        (name, file) for name, file in written["files"].items() if file["source"]["path"] == template_file
    )
    for destination in template_asset["destinations"].values():
        destination["objectKey"] = destination["objectKey"].replace(old_digest, digest)
    properties["stackTemplateAssetObjectUrl"] = properties["stackTemplateAssetObjectUrl"].replace(old_digest, digest)
    properties["tags"] = dict(deployed.tags)
    artifact["dependencies"] = [assets]
    for described in ("metadata", "additionalMetadataFile"):
        artifact.pop(described, None)
    _write(folder / f"{assets}.json", {**written, "files": {digest: template_asset}, "dockerImages": {}})
    kept = {stack: artifact, assets: manifest["artifacts"][assets]}
    _write(folder / MANIFEST, {"version": manifest["version"], "artifacts": kept})


def _write(path: Path, contents: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(contents, indent=1), encoding="utf-8")
