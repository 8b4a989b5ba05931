"""Metric math: the part of CloudWatch's expressions that alarms here use; any other is refused.

An expression is evaluated one period at a time: a metric is a number, or None where nothing was published.

Source: "Using math expressions with CloudWatch metrics", CloudWatch user guide.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Value = float | None
Metrics = Mapping[str, Value]
Node = Callable[[Metrics], Value]

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d*)?)|([A-Za-z_]\w*)|(>=|<=|==|!=|[-+*/<>()\[\],]))")
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}


class UnknownExpressionError(ValueError):
    """An expression that the local AWS does not compute."""


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A parsed expression."""

    text: str
    names: frozenset[str]
    """Ids of the metrics that it reads."""
    evaluate: Node
    """Its value in one period."""


def parse_expression(text: str) -> Expression:
    """Parses an expression.

    Raises:
        UnknownExpressionError: it has a function or a form that the local AWS does not know.
    """
    parser = _Parser(text)
    node = parser.comparison()
    parser.end()
    return Expression(text=text, names=frozenset(parser.names), evaluate=node)


class _Parser:
    """Recursive descent: comparison, sum, product, sign, atom."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._at = text, _tokens(text), 0
        self.names: set[str] = set()

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise self.unknown()

    def unknown(self) -> UnknownExpressionError:
        return UnknownExpressionError(f"The local AWS does not compute the expression {self._text!r}")

    def end(self) -> None:
        if self._peek():
            raise self.unknown()

    def comparison(self) -> Node:
        left = self._sum()
        if self._peek() not in _COMPARISONS:
            return left
        compare, right = _COMPARISONS[self._next()], self._sum()
        return _binary(lambda a, b: float(compare(a, b)), left, right)

    def _sum(self) -> Node:
        node = self._product()
        while self._peek() in ("+", "-"):
            node = _binary(operator.add if self._next() == "+" else operator.sub, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._sign()
        while self._peek() in ("*", "/"):
            node = _binary(operator.mul if self._next() == "*" else _divide, node, self._sign())
        return node

    def _sign(self) -> Node:
        if self._peek() == "-":
            self._next()
            return _binary(operator.sub, lambda _metrics: 0.0, self._sign())
        return self._atom()

    def _atom(self) -> Node:
        token = self._next()
        if token == "(":  # noqa: S105
            node = self.comparison()
            self._expect(")")
            return node
        if token[:1].isdigit():
            number = float(token)
            return lambda _metrics: number
        if not token[:1].isalpha():
            raise self.unknown()
        if self._peek() == "(":
            return self._function(token)
        self.names.add(token)
        return lambda metrics: metrics[token]

    def _function(self, name: str) -> Node:
        self._expect("(")
        if name in _AGGREGATES:
            node = self._aggregate(_AGGREGATES[name])
        elif name == "IF":
            node = _choice(*self._arguments(3))
        elif name == "FILL":
            node = _filled(*self._arguments(2))
        else:
            raise self.unknown()
        self._expect(")")
        return node

    def _arguments(self, count: int) -> list[Node]:
        nodes = [self.comparison()]
        while len(nodes) < count:
            self._expect(",")
            nodes.append(self.comparison())
        return nodes

    def _aggregate(self, aggregate: Callable[[Sequence[float]], float]) -> Node:
        """Over an array of metrics; over the time of a single metric it would be another function."""
        self._expect("[")
        nodes = [self.comparison()]
        while self._peek() == ",":
            self._next()
            nodes.append(self.comparison())
        self._expect("]")

        def evaluate(metrics: Metrics) -> Value:
            values = [value for node in nodes if (value := node(metrics)) is not None]
            return aggregate(values) if values else None

        return evaluate


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise UnknownExpressionError(f"The local AWS does not compute the expression {text!r}")
        tokens.append(found.group().strip())
        at = found.end()
    return tokens


def _binary(combine: Callable[[float, float], Value], left: Node, right: Node) -> Node:
    def evaluate(metrics: Metrics) -> Value:
        a, b = left(metrics), right(metrics)
        return None if a is None or b is None else combine(a, b)

    return evaluate


def _divide(a: float, b: float) -> Value:
    return a / b if b else None


def _choice(condition: Node, then: Node, otherwise: Node) -> Node:
    def evaluate(metrics: Metrics) -> Value:
        met = condition(metrics)
        return None if met is None else (then if met else otherwise)(metrics)

    return evaluate


def _filled(metric: Node, filling: Node) -> Node:
    def evaluate(metrics: Metrics) -> Value:
        value = metric(metrics)
        return filling(metrics) if value is None else value

    return evaluate
