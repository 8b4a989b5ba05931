"""A plan as Markdown, for the reviewer of a pull request."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chem_endpoints.plan.capacity import Bounds
from chem_endpoints.plan.changes import Action, ResourceChange
from chem_endpoints.plan.cost import Cost
from chem_endpoints.plan.prices import Prices
from chem_endpoints.plan.served import Served, ServedChange
from chem_endpoints.plan.stack_plan import RateChange, StackPlan
from chem_endpoints.plan.template import ALARM, STACK_PREFIX, abbreviated

_MOST_PROPERTIES = 6
_POLICY_PATHS = ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "RepositoryPolicyText")
_VERBS = {
    Action.REPLACE: "replaced",
    Action.UPDATE: "updated",
    Action.ADD: "added",
    Action.REMOVE: "removed",
}


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the plan is about.

    Attributes:
        stage: its name, account and region.
        compared_with: for example ``commit 1a2b3c4``.
    """

    stage: str
    account: str
    region: str
    compared_with: str


def markdown(header: Header, plans: Sequence[StackPlan], prices: Prices) -> str:
    """The whole page."""
    changed = [plan for plan in plans if plan.changed]
    lines = [
        f"# Plan for {header.stage} ({header.account}, {header.region}), compared with {header.compared_with}",
        "",
        *_summary(plans, changed, prices),
    ]
    for plan in changed:
        lines += ["", *_stack(plan, prices)]
    if plans:
        lines += ["", *_footnote(plans, prices)]
    return "\n".join(lines) + "\n"


def _summary(plans: Sequence[StackPlan], changed: Sequence[StackPlan], prices: Prices) -> Iterator[str]:
    unchanged = [_short(plan.stack) for plan in plans if not plan.changed]
    if changed:
        yield f"| endpoint | what happens | {prices.currency} a month, idle | at maximum |"
        yield "| --- | --- | --- | --- |"
        for plan in changed:
            idle, maximum = _arrow(plan, "idle"), _arrow(plan, "maximum")
            yield f"| {_short(plan.stack)} | {_what_happens(plan)} | {idle} | {maximum} |"
    else:
        yield "Nothing changes."
    if unchanged:
        yield ""
        yield f"Unchanged: {', '.join(unchanged)}."


def _what_happens(plan: StackPlan) -> str:
    if plan.refused:
        return "**refused in one deployment**"
    if not plan.declared:
        return "no longer declared"
    counted = [(verb, sum(1 for one in plan.changes if one.action is action)) for action, verb in _VERBS.items()]
    told = ", ".join(f"{count} {verb}" for verb, count in counted if count)
    if not plan.exists:
        return f"new: {told}"
    reasons = [word for word, true in (("image", _image_differs(plan)), ("model", _model_differs(plan))) if true]
    return f"new {' and '.join(reasons)}: {told}" if reasons else told


def _image_differs(plan: StackPlan) -> bool:
    return any(one.old and one.new and one.old.image != one.new.image for one in plan.served)


def _model_differs(plan: StackPlan) -> bool:
    return any(
        one.old and one.new and (one.old.artifact, one.old.model_sha256) != (one.new.artifact, one.new.model_sha256)
        for one in plan.served
    )


def _stack(plan: StackPlan, prices: Prices) -> Iterator[str]:
    yield f"## {plan.stack}"
    yield from _refused(plan)
    for note in plan.notes:
        yield ""
        yield note
    if plan.chain:
        yield ""
        yield plan.chain
    if plan.exists and plan.declared:
        yield from _resources(plan.changes)
    yield from _served(plan.served if plan.declared else ())
    yield from _permissions(plan)
    yield from _scaling(plan)
    yield from _alarms(plan)
    yield from _cost(plan, prices)


def _refused(plan: StackPlan) -> Iterator[str]:
    """Reasons that share a way out stand together."""
    for steps in dict.fromkeys(refusal.steps for refusal in plan.refused):
        sharing = [refusal for refusal in plan.refused if refusal.steps == steps]
        yield ""
        yield f"**One deployment will not do**: {'; '.join(refusal.reason for refusal in sharing)}. Instead:"
        yield ""
        yield "```text"
        yield from steps
        yield "```"
    if plan.refused and all(refusal.two_steps for refusal in plan.refused):
        yield ""
        yield f"`chem-endpoints deploy {_short(plan.stack)}` runs both."


def _resources(changes: Iterable[ResourceChange]) -> Iterator[str]:
    told = [change for change in changes if change.type != ALARM]
    if told:
        yield ""
        yield "| what | resource | why |"
        yield "| --- | --- | --- |"
        for change in told:
            kept = " (AWS keeps it)" if change.kept else ""
            kind = change.type.removeprefix("AWS::")
            yield f"| {change.action}{kept} | {kind} {change.logical_id} | {_why(change)} |"


def _why(change: ResourceChange) -> str:
    told = [one for one in change.properties if not one.path.startswith(_POLICY_PATHS)]
    reasons = [f"{one.path}: {_code(one.old)} → {_code(one.new)}" for one in told[:_MOST_PROPERTIES]]
    if len(told) > _MOST_PROPERTIES:
        reasons.append(f"and {len(told) - _MOST_PROPERTIES} more")
    if len(told) < len(change.properties):
        reasons.append("see permissions")
    if change.follows:
        reasons.append(f"refers to {', '.join(change.follows)}, which is replaced")
    return "<br>".join(reasons)


def _code(text: str) -> str:
    inner = abbreviated(text).replace("|", "\\|").replace("\n", " ").replace("`", "'")
    return f"`{inner}`" if inner else "nothing"


def _served(changes: Iterable[ServedChange]) -> Iterator[str]:
    for change in changes:
        for what, field in (("Image", "image"), ("Artifact", "artifact"), ("Model digest", "model_sha256")):
            old, new = _field(change.old, field), _field(change.new, field)
            if old != new:
                yield ""
                yield (
                    f"{what} of {change.model}: {_code(old)} → {_code(new)}"
                    if old
                    else (f"{what} of {change.model}: {_code(new)}")
                )


def _field(served: Served | None, field: str) -> str:
    return str(getattr(served, field)) if served else ""


def _permissions(plan: StackPlan) -> Iterator[str]:
    if not plan.declared:
        return
    lines = [
        f"- **{sign}** {grant.owner}: {_code(grant.statement)}"
        for sign, grants in (("granted", plan.permissions.added), ("withdrawn", plan.permissions.removed))
        for grant in grants
    ]
    if lines:
        yield ""
        yield "Permissions:"
        yield ""
        yield from lines


def _scaling(plan: StackPlan) -> Iterator[str]:
    if plan.scaling and plan.declared:
        yield ""
        yield "Scaling:"
        yield ""
        for change in plan.scaling:
            yield f"- {change.resource}: {_code(_limits(change.old))} → {_code(_limits(change.new))}"


def _limits(bounds: Bounds | None) -> str:
    if bounds is None:
        return "none"
    return "; ".join((f"min {bounds.minimum}, max {bounds.maximum}", *bounds.schedule))


def _alarms(plan: StackPlan) -> Iterator[str]:
    told = [change for change in plan.changes if change.type == ALARM]
    if told and plan.exists and plan.declared:
        yield ""
        yield "Alarms:"
        yield ""
        for change in told:
            why = _why(change)
            yield f"- {change.action} {change.name or change.logical_id}{f': {why}' if why else ''}"


def _cost(plan: StackPlan, prices: Prices) -> Iterator[str]:
    yield ""
    yield f"| {prices.currency} a month | idle | at maximum |"
    yield "| --- | --- | --- |"
    shown = plan.after if plan.declared else plan.before
    for line in shown.lines:
        yield f"| {line.what}{'' if line.sure else ' ¹'} | {line.idle:,.2f} | {line.maximum:,.2f} |"
    yield f"| **all** | {_arrow(plan, 'idle')} | {_arrow(plan, 'maximum')} |"
    for sentence in dict.fromkeys((*plan.before.unknown, *plan.after.unknown)):
        yield ""
        yield f"**{sentence[0].upper()}{sentence[1:]}**; the sums lack it."
    if plan.rate is not None:
        yield ""
        yield _rate(plan.rate, prices)


def _rate(change: RateChange, prices: Prices) -> str:
    told = [f"{rate.per_million_rows:.3g}" if rate else "unknown" for rate in (change.old, change.new)]
    rate = change.new or change.old
    speed = f" at {rate.rows_per_second:g} rows a second of one instance that is always busy" if rate else ""
    return f"{prices.currency} for a million rows{speed}: {' → '.join(dict.fromkeys(told))}"


def _arrow(plan: StackPlan, which: str) -> str:
    before, after = _sum(plan.before, which), _sum(plan.after if plan.declared else plan.before, which)
    if not plan.exists:
        return after
    return after if before == after else f"{before} → {after}"


def _sum(cost: Cost, which: str) -> str:
    total: float = getattr(cost, which)
    return f"{'more than ' if cost.unknown else ''}{total:,.2f}"


def _footnote(plans: Sequence[StackPlan], prices: Prices) -> Iterator[str]:
    yield (
        f"Prices of {prices.date}, on demand, 730 hours a month, without requests, storage, logs, data transfer,"
        " discounts and taxes."
    )
    if any(not line.sure for plan in plans if plan.changed for line in (*plan.before.lines, *plan.after.lines)):
        yield (
            "¹ A price that one table alone gives, or that is derived or remembered: see"
            " `chem_endpoints/prices/prices.yaml`."
        )


def _short(stack: str) -> str:
    return stack.removeprefix(STACK_PREFIX)
