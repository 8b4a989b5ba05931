"""Rules that concern more than one value of a declaration.

They read a declaration that may still be wrong elsewhere, and keep silent about values that are missing or of the
wrong type; so one reading of a file reports everything that is wrong in it.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import get_args

from chem_endpoints.spec.declaration_as_written import WrittenDeclaration
from chem_endpoints.spec.deployment import MIN_INSTANCES_TO_SPLIT, Strategy
from chem_endpoints.spec.instance_types import has_gpu, instances, is_burstable, schedulable_memory_mib
from chem_endpoints.spec.support_matrix import Cell, KindSupport
from chem_endpoints.spec.violation import Violation

_Rule = Callable[[WrittenDeclaration], Iterator[Violation]]


def broken_rules(written: Mapping[str, object]) -> tuple[Violation, ...]:
    """What contradicts itself, or what AWS does not offer for the declared kind."""
    declaration = WrittenDeclaration(written)
    return tuple(violation for rule in _RULES for violation in rule(declaration))


def _images_fit_the_instances(declaration: WrittenDeclaration) -> Iterator[Violation]:
    main_type = declaration.value("serving.instance_type", str)
    yield from _image_fits(declaration, "serving.instance_type", main_type, "model.image")
    for path, variant in _other_variants(declaration):
        instance_type = variant.value("instance_type", str)
        image = f"{path}.model.image"
        yield from _image_fits(declaration, f"{path}.instance_type", instance_type, image, variant)


def _image_fits(
    declaration: WrittenDeclaration,
    field: str,
    instance_type: str | None,
    image_field: str,
    variant: WrittenDeclaration | None = None,
) -> Iterator[Violation]:
    image = (variant or declaration).value("model.image", str) or "base"
    if instance_type is None:
        return
    if image == "deep-gpu" and not has_gpu(instance_type):
        reason = f"has no GPU, but {image_field} is deep-gpu; choose for example ml.g5.xlarge, or {image_field}: deep"
        yield Violation(field=field, reason=reason, value=instance_type)
    if image != "deep-gpu" and has_gpu(instance_type):
        reason = f"has a GPU that image {image} cannot use; choose {image_field}: deep-gpu or a CPU type"
        yield Violation(field=field, reason=reason, value=instance_type)


def _other_variants(declaration: WrittenDeclaration) -> list[tuple[str, WrittenDeclaration]]:
    shadow = declaration.value("serving.shadow", dict)
    shadows = [("serving.shadow", WrittenDeclaration(shadow))] if shadow else []
    return [*declaration.sections("serving.variants"), *shadows]


def _serverless_has_no_gpu(declaration: WrittenDeclaration) -> Iterator[Violation]:
    image = declaration.value("model.image", str)
    if declaration.kind == "serverless" and image == "deep-gpu":
        reason = "needs a GPU, which serverless endpoints do not have; use deep, or declare kind: realtime"
        yield Violation(field="model.image", reason=reason, value=image)


def _burstable_types_do_not_scale(declaration: WrittenDeclaration) -> Iterator[Violation]:
    scales = declaration.kind in ("async", "inference_component") or declaration.has("serving.scaling")
    places = [("serving.instance_type", declaration.value("serving.instance_type", str), scales)]
    places += [
        (f"{path}.instance_type", variant.value("instance_type", str), bool(variant.written.get("scaling")))
        for path, variant in _other_variants(declaration)
    ]
    for field, instance_type, is_scaled in places:
        if instance_type and is_burstable(instance_type) and is_scaled and declaration.support:
            reason = f"cannot autoscale, because it is burstable: {declaration.support.burstable_autoscaling.instead}"
            yield Violation(field=field, reason=reason, value=instance_type)


def _scalings(declaration: WrittenDeclaration) -> list[tuple[str, WrittenDeclaration]]:
    places: list[tuple[str, Mapping[str, object]]] = [("serving", declaration.value("serving", dict) or {})]
    places += [(path, variant.written) for path, variant in declaration.sections("serving.variants")]
    return [(path, WrittenDeclaration(section)) for path, section in places]


def _minimum_is_below_maximum(declaration: WrittenDeclaration) -> Iterator[Violation]:
    for path, section in _scalings(declaration):
        for bounds in ("scaling", "instances"):
            minimum, maximum = section.value(f"{bounds}.min", int), section.value(f"{bounds}.max", int)
            yield from _ordered(f"{path}.{bounds}", minimum, maximum)
        for entry, action in _schedule(path, section):
            yield from _ordered(entry, action.value("min", int), action.value("max", int))


def _ordered(path: str, minimum: int | None, maximum: int | None) -> Iterator[Violation]:
    if minimum is not None and maximum is not None and minimum > maximum:
        reason = f"must be at least {path}.min, which is {minimum}"
        yield Violation(field=f"{path}.max", reason=reason, value=maximum)


def _schedule(path: str, section: WrittenDeclaration) -> list[tuple[str, WrittenDeclaration]]:
    return [(f"{path}.{entry}", action) for entry, action in section.sections("scaling.schedule")]


def _least(path: str, section: WrittenDeclaration) -> list[tuple[str, int]]:
    """The least that may run, and where it is written; a default counts where there is scaling at all."""
    if section.value("scaling", dict) is None:
        return []
    places = [(f"{path}.scaling", section.value("scaling.min", int))]
    places += [(entry, action.value("min", int)) for entry, action in _schedule(path, section)]
    return [(place, minimum) for place, minimum in places if minimum is not None]


def _only_some_kinds_reach_zero(declaration: WrittenDeclaration) -> Iterator[Violation]:
    support = declaration.support
    if support is None or support.scale_to_zero.value:
        return
    for path, section in _scalings(declaration):
        for place, minimum in _least(path, section):
            if minimum == 0:
                reason = f"must be at least 1 for {declaration.kind}: {support.scale_to_zero.instead}"
                yield Violation(field=f"{place}.min", reason=reason, value=minimum)


def _first_instances_lie_within_the_scaling(declaration: WrittenDeclaration) -> Iterator[Violation]:
    names = ("copies",) if declaration.kind == "inference_component" else ("initial_instances",)
    if declaration.kind == "serverless":
        names = ("provisioned_concurrency",)
    for path, section in _scalings(declaration):
        for name in names:
            initial = section.value(name, int)
            minimum, maximum = section.value("scaling.min", int), section.value("scaling.max", int)
            if initial is not None and minimum is not None and initial < minimum:
                reason = f"must be at least {path}.scaling.min, which is {minimum}"
                yield Violation(field=f"{path}.{name}", reason=reason, value=initial)
            if initial is not None and maximum is not None and initial > maximum:
                reason = f"must be at most {path}.scaling.max, which is {maximum}"
                yield Violation(field=f"{path}.{name}", reason=reason, value=initial)


SECTION_ROWS: Mapping[str, str] = MappingProxyType(
    {
        "capture": "data_capture",
        "initial_instances": "instances",
        "instance_type": "instances",
        "isolation": "isolation",
        "metrics": "enhanced_metrics",
        "monitor": "monitor",
        "retain": "retained_objects",
        "shadow": "shadow",
        "variants": "variants",
        "vpc": "vpc",
    }
)
"""Fields of ``serving``, and the row of the support matrix that says whether a kind may have them."""


def _sections_belong_to_the_kind(declaration: WrittenDeclaration) -> Iterator[Violation]:
    support = declaration.support
    if support is None:
        return
    for section, row in SECTION_ROWS.items():
        if declaration.has(f"serving.{section}"):
            yield from _offered(declaration, support, row, f"serving.{section}")
    strategy = declaration.value("serving.deployment.strategy", str)
    if strategy is not None and strategy in get_args(Strategy):
        field = "serving.deployment" if declaration.kind == "serverless" else "serving.deployment.strategy"
        yield from _offered(declaration, support, strategy, field)


def _offered(declaration: WrittenDeclaration, support: KindSupport, row: str, field: str) -> Iterator[Violation]:
    cell: Cell[bool] = getattr(support, row)
    if not cell.value:
        reason = f"AWS does not offer it for {declaration.kind} endpoints ({cell.source}); {cell.instead}"
        yield Violation(field=field, reason=reason)


def _splitting_needs_instances(declaration: WrittenDeclaration) -> Iterator[Violation]:
    strategy = declaration.value("serving.deployment.strategy", str)
    if declaration.kind not in ("realtime", "async") or strategy not in ("canary", "linear", "rolling"):
        return
    reason = f"must be at least {MIN_INSTANCES_TO_SPLIT}, because a {strategy} step is at most half of the instances"
    asleep = " (or 0: an endpoint that sleeps is updated with its initial instances)"
    for path, section in _scalings(declaration):
        initial = section.value("initial_instances", int)
        if initial is not None and initial < MIN_INSTANCES_TO_SPLIT:
            yield Violation(field=f"{path}.initial_instances", reason=reason, value=initial)
        maximum = section.value("scaling.max", int)
        if maximum is not None and maximum < MIN_INSTANCES_TO_SPLIT:
            yield Violation(field=f"{path}.scaling.max", reason=reason, value=maximum)
        for place, minimum in _least(path, section):
            if 0 < minimum < MIN_INSTANCES_TO_SPLIT:
                told = reason + (asleep if declaration.kind == "async" else "")
                yield Violation(field=f"{place}.min", reason=told, value=minimum)
    if strategy == "rolling" and (declaration.has("serving.variants") or declaration.has("serving.shadow")):
        exclusion = "AWS does not roll endpoints with several variants; use canary or linear"
        yield Violation(field="serving.deployment.strategy", reason=exclusion, value=strategy)


def _one_production_variant_beside_a_shadow(declaration: WrittenDeclaration) -> Iterator[Violation]:
    if declaration.has("serving.shadow") and declaration.has("serving.variants"):
        reason = "AWS allows one production variant beside a shadow; leave serving.variants or serving.shadow out"
        yield Violation(field="serving.shadow", reason=reason)


def _variants_scale_together(declaration: WrittenDeclaration) -> Iterator[Violation]:
    scalings = _scalings(declaration)
    if not declaration.has("serving.variants") or not any(section.has("scaling") for _, section in scalings):
        return
    for path, section in scalings:
        if not section.has("scaling"):
            reason = "is needed as soon as one variant scales, or else its number of instances could never be changed"
            yield Violation(field=f"{path}.scaling", reason=f"{reason}; for a fixed number write the same min and max")


def _some_variant_gets_traffic(declaration: WrittenDeclaration) -> Iterator[Violation]:
    if declaration.kind != "realtime" or _weight(declaration, "serving.weight") != 0:
        return
    if not any(_weight(variant, "weight") for _, variant in declaration.sections("serving.variants")):
        reason = "must be more than 0 for at least one variant, or nobody answers"
        yield Violation(field="serving.weight", reason=reason, value=0)


def _weight(section: WrittenDeclaration, field: str) -> float:
    weight = section.value(field, float)
    whole = section.value(field, int)
    return next((each for each in (weight, whole) if each is not None), 1.0)


def _monitor_watches_a_capture(declaration: WrittenDeclaration) -> Iterator[Violation]:
    if declaration.kind == "realtime" and declaration.has("serving.monitor") and not declaration.has("serving.capture"):
        reason = "compares captured requests, and nothing is captured; declare serving.capture too"
        yield Violation(field="serving.monitor", reason=reason)


def _concurrency_fits(declaration: WrittenDeclaration) -> Iterator[Violation]:
    if declaration.kind != "serverless":
        return
    most = declaration.value("serving.max_concurrency", int)
    for field in ("provisioned_concurrency", "scaling.max"):
        value = declaration.value(f"serving.{field}", int)
        if most is not None and value is not None and value > most:
            reason = f"must be at most serving.max_concurrency, which is {most}"
            yield Violation(field=f"serving.{field}", reason=reason, value=value)
    if declaration.has("serving.scaling") and not declaration.has("serving.provisioned_concurrency"):
        reason = "scales serving.provisioned_concurrency, which is not declared; declare it too, or leave this out"
        yield Violation(field="serving.scaling", reason=reason)


def _copies_fit_the_instance(declaration: WrittenDeclaration) -> Iterator[Violation]:
    instance_type = declaration.value("serving.instance_type", str)
    needed = declaration.value("serving.memory_mb", int)
    if declaration.kind != "inference_component" or instance_type not in instances() or needed is None:
        return
    offered = schedulable_memory_mib(instance_type)
    if needed > offered:
        reason = f"must be at most {offered}, the part of {instance_type} that copies may use; choose a larger type"
        yield Violation(field="serving.memory_mb", reason=reason, value=needed)


def _copies_find_a_place(declaration: WrittenDeclaration) -> Iterator[Violation]:
    instance_type = declaration.value("serving.instance_type", str)
    if declaration.kind != "inference_component" or instance_type not in instances():
        return
    machine = instances()[instance_type]
    needs = (
        ("memory_mb", schedulable_memory_mib(instance_type)),
        ("cpu_cores", machine.vcpus),
        ("accelerators", machine.gpus),
    )
    fitting: list[float] = []
    for field, offered in needs:
        needed = declaration.value(f"serving.{field}", int) or declaration.value(f"serving.{field}", float)
        if needed is None:
            continue
        if needed > offered and field != "memory_mb":
            yield Violation(
                field=f"serving.{field}", reason=f"{instance_type} has {offered}; choose a larger type", value=needed
            )
        fitting.append(offered // needed)
    most = declaration.value("serving.scaling.max", int)
    machines = declaration.value("serving.instances.max", int)
    if fitting and most is not None and machines is not None and 0 < min(fitting) * machines < most:
        room = int(min(fitting) * machines)
        reason = f"must be at most {room}: that many copies find a place on {machines} {instance_type}"
        yield Violation(field="serving.scaling.max", reason=f"{reason}; raise serving.instances.max", value=most)


def _copies_have_instances(declaration: WrittenDeclaration) -> Iterator[Violation]:
    instances = declaration.value("serving.instances.min", int)
    copies = declaration.value("serving.scaling.min", int)
    if declaration.kind == "inference_component" and copies and instances == 0:
        reason = f"must be at least 1, because serving.scaling.min keeps {copies} running"
        yield Violation(field="serving.instances.min", reason=reason, value=instances)


_RULES: tuple[_Rule, ...] = (
    _images_fit_the_instances,
    _serverless_has_no_gpu,
    _burstable_types_do_not_scale,
    _minimum_is_below_maximum,
    _only_some_kinds_reach_zero,
    _first_instances_lie_within_the_scaling,
    _sections_belong_to_the_kind,
    _splitting_needs_instances,
    _one_production_variant_beside_a_shadow,
    _variants_scale_together,
    _some_variant_gets_traffic,
    _monitor_watches_a_capture,
    _concurrency_fits,
    _copies_fit_the_instance,
    _copies_find_a_place,
    _copies_have_instances,
)
