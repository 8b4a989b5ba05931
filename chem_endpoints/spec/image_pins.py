"""``images.yaml``: the endpoints that run one built image for good, whatever the sources say today.

A pin is a digest, so every stage runs the same bytes; an endpoint without one follows its stage's ``images``.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from chem_endpoints.spec.violation import DeclarationError, Violation
from chem_endpoints.spec.yaml_file import UnreadableFileError, read_mapping

_PIN = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com"
    r"/(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)@sha256:[0-9a-f]{64}"
)
_FORM = "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256: and the 64 hexadecimal digits of the image's digest"


def load_pins(path: Path, stage: str, endpoint_names: Iterable[str]) -> Mapping[str, str]:
    """Image reference of each endpoint that has a pin in a stage; none where the file is missing.

    Args:
        path: ``images.yaml``: by endpoint one reference, or a section with one per stage.
        stage: the stage, whose own pins count beside those of every stage.
        endpoint_names: the declared endpoints, which alone can be pinned.

    Raises:
        DeclarationError: one line per mistake.
    """
    if not path.exists():
        return MappingProxyType({})
    try:
        written = read_mapping(path)
    except UnreadableFileError as error:
        raise DeclarationError(violation.in_file(path.name) for violation in error.violations) from None
    names = sorted(endpoint_names)
    violations = [found for name, pin in written.items() for found in _violations(name, pin, names)]
    if violations:
        raise DeclarationError(violation.in_file(path.name) for violation in violations)
    chosen = {name: pin.get(stage) if isinstance(pin, Mapping) else pin for name, pin in written.items()}
    return MappingProxyType({name: str(pin) for name, pin in chosen.items() if pin is not None})


def pin_violations(endpoint: str, pin: str, region: str) -> tuple[Violation, ...]:
    """What keeps a well-formed pin from running in a region; the account may be another one.

    Source: "Use a private Docker registry" and "Cross-account Amazon ECR", SageMaker developer guide: the image must
    lie in the endpoint's region.
    """
    if (found := _part(pin, "region")) == region:
        return ()
    reason = (
        f"lies in {found}, but SageMaker in {region} pulls from {region} only; "
        f"copy the image there (the digest stays the same) and pin the copy"
    )
    return (Violation(field=endpoint, reason=reason, value=pin),)


def pinned_repository_arn(pin: str) -> str:
    """ARN of the repository that a well-formed pin names; who runs the image may pull from it."""
    return f"arn:aws:ecr:{_part(pin, 'region')}:{_part(pin, 'account')}:repository/{_part(pin, 'repository')}"


def _violations(name: object, pin: object, names: list[str]) -> Iterable[Violation]:
    if name not in names:
        nearest = get_close_matches(str(name), names, n=1)
        advice = f"did you mean {nearest[0]}?" if nearest else f"declared: {', '.join(names) or 'none'}"
        yield Violation(field=str(name), reason=f"is not a declared endpoint; {advice}")
    places = {f"{name}.{stage}": each for stage, each in pin.items()} if isinstance(pin, Mapping) else {str(name): pin}
    for field, each in places.items():
        if not isinstance(each, str) or not _PIN.fullmatch(each):
            yield Violation(field=field, reason=f"must be {_FORM}", value=each)


def _part(pin: str, part: str) -> str:
    found = _PIN.fullmatch(pin)
    if found is None:
        raise ValueError(f"{pin}: must be {_FORM}")
    return found[part]
