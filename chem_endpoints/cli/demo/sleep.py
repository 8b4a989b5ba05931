"""The demonstration's last step: the asynchronous endpoint falls asleep, wakes for rows, and falls asleep again."""

import re
from dataclasses import dataclass

import click
import pandas as pd

from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.local.running import RunningLocalAws

MOST_MINUTES = 40
"""Clock time in which an endpoint must fall asleep, or wake."""


@dataclass(frozen=True, kw_only=True)
class Sleeper:
    """An asynchronous endpoint and the local AWS whose clock is moved."""

    name: str
    aws: RunningLocalAws

    def instances(self) -> int:
        """The instances that it has."""
        found = self.aws.client("sagemaker").describe_endpoint(EndpointName=self.name)
        return int(found["ProductionVariants"][0]["CurrentInstanceCount"])

    def await_instances(self, count: int) -> None:
        """Moves the clock minute by minute, and tells what scaled the endpoint and when.

        Raises:
            click.ClickException: nothing did within `MOST_MINUTES`.
        """
        before = self.instances()
        for minute in range(1, MOST_MINUTES + 1):
            self.aws.advance(60)
            if (now := self.instances()) != before:
                click.echo(f"   {minute:>2} min later: {before} -> {now} instances ({self._cause()})")
            if now == count:
                return
        raise click.ClickException(f"{self.name} still has {now} instances after {MOST_MINUTES} min of its clock")

    def _cause(self) -> str:
        """The alarm that made Application Auto Scaling do what it did last, in its own words."""
        found = self.aws.client("application-autoscaling").describe_scaling_activities(ServiceNamespace="sagemaker")
        cause = str(found["ScalingActivities"][0]["Cause"])
        alarm = re.search(r"alarm (\S+)", cause)
        return f"alarm {alarm[1]}" if alarm else cause


def show_sleep(sleeper: Sleeper, rows: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Lets it sleep, wake and sleep.

    Args:
        sleeper: the endpoint.
        rows: what is asked while it sleeps.
        expected: the answer.

    Raises:
        click.ClickException: it does not, or it answers something else.
    """
    click.echo(f"5. {sleeper.name} scales to zero and back by its deployed alarms and policies (clock moved on):")
    sleeper.await_instances(0)
    job = Endpoint(sleeper.name).submit(rows)
    click.echo(f"   {len(rows)} rows are submitted and wait in the queue: no process runs")
    sleeper.await_instances(1)
    answer = job.result()
    if not answer[expected.columns].equals(expected):
        raise click.ClickException(f"{sleeper.name} gave another answer after it woke; please report this")
    click.echo(f"   {len(rows)} rows are answered as before")
    sleeper.await_instances(0)
    job.purge()
    click.echo("")
