"""Numbers on the command line with which one can reckon: ``nan`` passes every limit, ``inf`` sets none."""

import math
from typing import Any

import click


class FiniteFloat(click.FloatRange):
    """A `click.FloatRange` that refuses ``nan`` and ``inf``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """
        Raises:
            click.BadParameter: it is no number, out of range, or not finite.
        """
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
