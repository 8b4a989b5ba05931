"""Mean and spread of an ensemble's members."""

import numpy as np

from model_scripts.member import Floats


def mean_and_std(members: Floats) -> tuple[Floats, Floats]:
    """Mean and population standard deviation over the members, each float64 ``[rows, outputs]``.

    The members are added one after the other, in their order, element by element: no blocking, no pairwise sum and no
    BLAS, so that a row's bits do not depend on the rows beside it. The deviations are taken from the mean (two passes),
    which loses nothing where members agree closely about a large number.

    Args:
        members: predictions float64 ``[members, rows, outputs]``. NaN of one member makes its cell NaN.

    Raises:
        ValueError: there is no member.
    """
    if not len(members):
        raise ValueError("an ensemble needs a member")
    mean = _sum(members) / len(members)
    return mean, np.sqrt(_sum((members - mean) ** 2) / len(members))


def _sum(members: Floats) -> Floats:
    total = np.zeros(members.shape[1:])
    for member in members:
        total += member
    return total
