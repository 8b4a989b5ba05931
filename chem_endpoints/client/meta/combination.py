"""One door to the ways of combining answers."""

from collections.abc import Mapping

import numpy as np

from chem_endpoints.client.meta.answers import Answers, Promise
from chem_endpoints.client.meta.averaging import mean_columns, promise_mean, said_outputs
from chem_endpoints.client.meta.concatenation import concat_columns, promise_concat
from chem_endpoints.client.meta.definition import CombinationNode
from chem_endpoints.client.meta.voting import promise_vote, vote_columns
from chem_endpoints.wire.columns import Reason

ALL_SKIPPED = Reason.PREDICTION_FAILED.because("none of the endpoints that are combined could be asked")


def promise_combination(node: CombinationNode, inputs: Mapping[str, Promise]) -> Promise:
    """What the node will answer.

    Raises:
        InvalidInputError: its inputs cannot be combined in this way.
    """
    if node.combine == "concat":
        return promise_concat(inputs)
    return promise_vote(inputs) if node.combine == "vote" else promise_mean(node, inputs)


def combine(
    node: CombinationNode, promise: Promise, inputs: Mapping[str, Promise], answers: Mapping[str, Answers]
) -> Answers:
    """The node's answers; a row that fails keeps what its inputs say of it beside the combined columns."""
    if node.combine == "concat":
        columns = concat_columns(inputs, answers)
    elif node.combine == "vote":
        columns = vote_columns(inputs, answers)
    else:
        columns = mean_columns(node, inputs, answers)
    errors = _row_errors(answers, require_all=node.require_all)
    if node.combine != "concat":
        said = {output.name for output in said_outputs(inputs)}
        failed = np.array([bool(error) for error in errors], dtype=bool)
        combined = {name: columns[name].mask(failed) for name in promise.names if name not in said}
        columns = columns.assign(**combined)
    return Answers(columns=columns[list(promise.names)], errors=errors)


def _row_errors(answers: Mapping[str, Answers], *, require_all: bool) -> list[str]:
    """Why a row has no answer: the first reason where no input took it, or with ``require_all`` where one did not."""
    present = {name: answer for name, answer in answers.items() if not answer.skipped}
    if not present:
        rows = len(next(iter(answers.values())).errors)
        return [ALL_SKIPPED] * rows
    errors = []
    for told in zip(*(answer.errors for answer in present.values()), strict=True):
        if all(told):
            errors.append(told[0])
        elif require_all and any(told):
            errors.append(next(f"{error} (node {name!r})" for name, error in zip(present, told, strict=True) if error))
        else:
            errors.append("")
    return errors
