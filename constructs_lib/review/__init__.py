"""Our own rules for endpoints, which no public rule pack knows, on synthesized templates of any origin."""

from constructs_lib.review.finding import Expected, Finding, Rule
from constructs_lib.review.rules import RULES, findings

__all__ = ["RULES", "Expected", "Finding", "Rule", "findings"]
