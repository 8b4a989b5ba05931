"""Open-loop load test of an inference endpoint, with thresholds that decide the exit status.

.venv/bin/python -m benchmarks.load http://localhost:8080 --rate 10,20,40 --seconds 30 --p99-ms 200
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import httpx
import orjson
import pandas as pd
from tqdm import tqdm

from benchmarks.load.answers import Outcome
from benchmarks.load.engine import SECONDS_PER_REQUEST, Result, offer
from benchmarks.load.payloads import Payload, PayloadError, example_rows, payloads, read_rows
from benchmarks.load.schedule import Step
from benchmarks.load.summary import Summary, Thresholds, Verdict, summarize, table, verdicts
from benchmarks.load.target import Target, TargetError, find_target
from chem_endpoints.wire.content_types import CSV, WRITABLE
from chem_endpoints.wire.errors import WireError

LATE_MS = 20.0
"""A generator that sends later than this is itself part of the latency, and says so."""

_PROBE = Step(rate=1, seconds=1)


class Rates(click.ParamType[list[float]]):
    """``10`` or ``10,20,40``."""

    name = "RATE[,RATE…]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> list[float]:
        try:
            rates = [float(part) for part in value.split(",")]
        except ValueError:
            rates = []
        if not rates or not all(0 < rate < float("inf") for rate in rates):
            self.fail(f"{value!r} is not a list of requests per second such as 10,20,40", param, ctx)
        return rates


@click.command(
    epilog="Example: python -m benchmarks.load 'sagemaker://logs-v1?region=eu-central-1' "
    "--payload examples/data/solubility.csv --rows 10 --rate 5,10,20 --seconds 60 --p99-ms 500"
)
@click.argument("url")
@click.option("--rate", "rates", type=Rates(), default="10", show_default=True, help="Requests per second, or steps.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True, help="Per step."
)
@click.option("--warm-up", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Seconds not counted.")
@click.option(
    "--payload",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Rows to send: .csv, .json, .jsonl, .parquet or .arrow. Default: the example of the server's /openapi.json.",
)
@click.option("--rows", type=click.IntRange(min=1), default=1, show_default=True, help="Rows per request.")
@click.option("--content-type", type=click.Choice(WRITABLE), default=CSV, show_default=True)
@click.option("--accept", help="Format of the answers. Default: that of the request.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="Sent with each request; repeatable.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), default=SECONDS_PER_REQUEST, show_default=True)
@click.option("--p50-ms", type=float, help="Fail if the median latency of a step is longer.")
@click.option("--p99-ms", type=float, help="Fail if the 99th percentile of a step is longer.")
@click.option("--max-errors-percent", type=float, default=0.0, show_default=True, help="429 counts as an error.")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here, too.")
def main(
    url: str,
    rates: list[float],
    seconds: float,
    warm_up: float,
    payload: Path | None,
    rows: int,
    content_type: str,
    accept: str | None,
    headers: Sequence[str],
    timeout: float,
    p50_ms: float | None,
    p99_ms: float | None,
    max_errors_percent: float,
    out: Path | None,
) -> None:
    """Offers requests to URL on a schedule, whatever the answers do, and measures from the scheduled moment.

    URL is http://HOST:PORT of a server, http://…/endpoints/NAME/invocations of the local AWS, or
    sagemaker://NAME?region=REGION: requests are then signed with your AWS credentials; AWS_ENDPOINT_URL is honoured.

    Prints a table and PASS or FAIL for each threshold; the exit status is 1 if one fails.
    """
    steps = [Step(rate=rate, seconds=seconds) for rate in rates]
    if warm_up:
        steps.insert(0, Step(rate=rates[0], seconds=warm_up, counted=False))
    thresholds = Thresholds(p50_ms=p50_ms, p99_ms=p99_ms, errors_percent=max_errors_percent)
    try:
        target = find_target(url, _headers(content_type, accept, headers))
        frame = read_rows(payload) if payload else _described_rows(target)
    except (TargetError, PayloadError, WireError) as error:
        raise click.ClickException(str(error)) from None
    if len(frame) < rows:
        click.echo(f"{len(frame)} different rows are fewer than the {rows} of a request: rows repeat", err=True)
    bodies = payloads(frame, rows=rows, requests=sum(step.requests for step in steps), content_type=content_type)
    _probe(target, bodies[0], timeout)
    summaries = summarize(steps, _offer_with_progress(target, bodies, steps, timeout))
    _report(url, summaries, verdicts(summaries, thresholds), out)


def _headers(content_type: str, accept: str | None, given: Sequence[str]) -> dict[str, str]:
    headers = {"Content-Type": content_type} | ({"Accept": accept} if accept else {})
    for text in given:
        name, colon, value = text.partition(":")
        if not colon:
            raise click.UsageError(f"--header {text!r} is not NAME:VALUE")
        headers[name.strip()] = value.strip()
    return headers


def _described_rows(target: Target) -> pd.DataFrame:
    if target.description_url is None:
        raise PayloadError("this address describes no example; give rows with --payload FILE")
    try:
        answer = httpx.get(target.description_url, timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise PayloadError(
            f"{target.description_url} cannot be read ({type(error).__name__}); is the server up? "
            "Otherwise give rows with --payload FILE"
        ) from None
    return example_rows(answer.json())


def _probe(target: Target, payload: Payload, timeout: float) -> None:
    """One request before the others: a wrong address or payload should not be asked a thousand times."""
    (result,) = offer(target, [payload], [_PROBE], seconds_per_request=timeout)
    if result.outcome is Outcome.ERROR:
        raise click.ClickException(f"the first request failed ({result.error}); no load was offered to {target.url}")


def _offer_with_progress(
    target: Target, bodies: Sequence[Payload], steps: Sequence[Step], timeout: float
) -> list[Result]:
    requests = sum(step.requests for step in steps)
    with tqdm(total=requests, unit=" answers", file=sys.stderr, mininterval=1) as progress:
        return offer(target, bodies, steps, seconds_per_request=timeout, on_result=lambda _: progress.update())


def _report(url: str, summaries: Sequence[Summary], decided: Sequence[Verdict], out: Path | None) -> None:
    click.echo(table(summaries))
    for verdict in decided:
        click.echo(verdict)
    late = max(summary.late_milliseconds for summary in summaries)
    if late > LATE_MS:
        click.echo(
            f"The generator itself sent up to {late:.0f} ms late (p99), which is in the latencies: "
            "give it a free core or a lower rate",
            err=True,
        )
    passed = all(verdict.passed for verdict in decided)
    if out:
        told = [{**asdict(verdict), "passed": verdict.passed} for verdict in decided]
        document = {"url": url, "passed": passed, "steps": [asdict(each) for each in summaries], "verdicts": told}
        out.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
