"""What a rule is, what it expects, and what it reports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from constructs_lib.review.template import Template


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the declaration and its stage ask for, where no template alone can tell right from wrong."""

    accounts: frozenset[str] = frozenset()
    """Accounts that the template may name; empty: any."""
    vpc: bool = False
    """The containers run in the stage's VPC."""
    isolation: bool = True
    """The containers have no network."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One resource that breaks one rule."""

    rule: str
    """Id of the rule."""
    resource: str
    """Logical id in the template."""
    message: str
    """What is wrong there."""
    remedy: str
    """What to do."""


Flaw = tuple[str, str]
"""Logical id and what is wrong with the resource."""

Check = Callable[[Template, Expected], Iterable[Flaw]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A promise that every template keeps."""

    id: str
    title: str
    """What holds where the rule is kept."""
    reason: str
    """Why, and where it is documented."""
    remedy: str
    check: Check

    def findings(self, template: Template, expected: Expected) -> Iterable[Finding]:
        """Every resource that breaks it."""
        for resource, message in self.check(template, expected):
            yield Finding(rule=self.id, resource=resource, message=message, remedy=self.remedy)
