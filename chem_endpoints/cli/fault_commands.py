"""``chem-endpoints local fault``: troubles on demand, to see what your program makes of them."""

import json
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import click

from chem_endpoints.cli.finite_float import FiniteFloat
from chem_endpoints.cli.json_output import echo_json, json_option
from chem_endpoints.cli.local_commands import NOT_UP
from chem_endpoints.cli.text_table import NOTHING, aligned
from chem_endpoints.local.address import FAULTS_PATH, KILL_PATH, clone_root, find_running
from chem_endpoints.local.faults.schedule import LIVE_KINDS, MEANINGS, MODEL_STATUS, SECONDS, Operation

_SECONDS = 30
_WIDTH = max(map(len, LIVE_KINDS))
_KINDS = "\n".join(f"  {kind.ljust(_WIDTH)}  {MEANINGS[kind]}" for kind in LIVE_KINDS)
_LASTING = ", ".join(f"{kind} {seconds:g}" for kind, seconds in SECONDS.items())
_ADD_HELP = f"""Let calls go wrong in the way of KIND, from now on.

Calls are counted for each operation by itself. Of several faults the one that was added first strikes. The local
AWS's own calls and its health check are never struck.

\b
Examples:
  chem-endpoints local fault add service_unavailable --endpoint logs-v1 --for 20
  chem-endpoints local fault add model_500 --after 10 --calls 3
  chem-endpoints local fault add latency --latency 0.5 --probability 0.2 --seed 7
  chem-endpoints local fault add s3_missing --operation GetObject --calls 2

\b
Kinds:
{_KINDS}
"""


@click.group()
def fault() -> None:
    """Let calls to the local AWS go wrong on demand.

    \b
    Example:
      chem-endpoints local fault add service_unavailable --endpoint logs-v1 --for 20
      chem-endpoints local fault list
      chem-endpoints local fault clear
    """


@fault.command(help=_ADD_HELP)
@click.argument("kind", metavar="KIND", type=click.Choice([str(kind) for kind in LIVE_KINDS]))
@click.option("--endpoint", metavar="NAME", default=None, help="Only calls that name it, so none of S3; default: all.")
@click.option(
    "--operation",
    "operations",
    metavar="NAME",
    multiple=True,
    type=click.Choice([str(operation) for operation in Operation]),
    help="Only this one, such as InvokeEndpoint; may be given again. Default: all that the kind can strike.",
)
@click.option("--after", "after_calls", metavar="CALLS", type=int, default=None, help="So many calls pass first.")
@click.option("--calls", metavar="CALLS", type=int, default=None, help="So many calls it may strike; default: all.")
@click.option(
    "--for",
    "for_seconds",
    metavar="SECONDS",
    type=FiniteFloat(min=0),
    default=None,
    help="Default: until it is cleared.",
)
@click.option(
    "--probability", type=FiniteFloat(min=0), default=None, help="Share of these calls that it strikes; default: 1."
)
@click.option("--seed", type=int, default=None, help="Of the luck that decides; default: 0.")
@click.option(
    "--latency", "latency_seconds", metavar="SECONDS", type=FiniteFloat(min=0), help=f"How long it lasts: {_LASTING}."
)
@click.option("--status", type=int, default=None, help=f"What the container answers: model_error {MODEL_STATUS}.")
@json_option
def add(kind: str, operations: tuple[str, ...], as_json: bool, **given: Any) -> None:
    order = {"kind": kind, **{name: value for name, value in given.items() if value is not None}}
    if operations:
        order["operations"] = list(operations)
    _tell(_ask("POST", FAULTS_PATH, {"faults": [order]})["faults"], as_json=as_json)


@fault.command("list")
@json_option
def list_faults(as_json: bool) -> None:
    """List the faults, and how often each struck.

    \b
    Example:
      chem-endpoints local fault list --json
    """
    found = _ask("GET", FAULTS_PATH)["faults"]
    if not found and not as_json:
        click.echo("No faults.", err=True)
        return
    _tell(found, as_json=as_json)


@fault.command()
@click.argument("name", metavar="[ID]", required=False)
@json_option
def clear(name: str | None, as_json: bool) -> None:
    """End the fault ID; without an ID all of them.

    \b
    Example:
      chem-endpoints local fault clear 3
      chem-endpoints local fault clear
    """
    answer = _ask("DELETE", FAULTS_PATH if name is None else f"{FAULTS_PATH}/{name}")
    if as_json:
        echo_json(answer)
    else:
        click.echo(f"{answer['cleared']} cleared")


@fault.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def run(file: Path, as_json: bool) -> None:
    """Add the faults of a YAML FILE; each begins at its time, counted from now.

    \b
    Example:
      chem-endpoints local fault run outage.yaml
    \b
    outage.yaml, with all the keys that a fault may have:
      faults:
      - kind: service_unavailable
        endpoint: logs-v1
        operations: [InvokeEndpoint]
        at_seconds: 5
        for_seconds: 20
      - kind: latency
        latency_seconds: 0.5
        probability: 0.2
        seed: 7
      - kind: model_error
        status: 502
        after_calls: 10
        calls: 3
    """
    from chem_endpoints.local.faults.script import InvalidScriptError, read_script

    try:
        script = read_script(file)
    except InvalidScriptError as error:
        raise click.ClickException(str(error)) from None
    _tell(_ask("POST", FAULTS_PATH, script.model_dump(mode="json", exclude_none=True))["faults"], as_json=as_json)


@fault.command("kill-worker")
@click.argument("endpoint")
@json_option
def kill_worker(endpoint: str, as_json: bool) -> None:
    """Kill one worker process of ENDPOINT's busiest server, as the kernel does when memory runs out.

    \b
    Example:
      chem-endpoints local fault kill-worker logs-v1
    """
    answer = _ask("POST", KILL_PATH, {"endpoint": endpoint})
    if as_json:
        echo_json(answer)
    else:
        click.echo(f"{answer['endpoint']}: killed worker {answer['worker']} of server {answer['server']}")


def _ask(method: str, path: str, content: object = None) -> dict[str, Any]:
    """Asks the local AWS of this clone.

    Raises:
        click.ClickException: it is not up, or it refuses; says why.
    """
    running = find_running(clone_root())
    if running is None:
        raise click.ClickException(NOT_UP)
    connection = HTTPConnection("127.0.0.1", running.port, timeout=_SECONDS)
    try:
        connection.request(method, path, None if content is None else json.dumps(content))
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, HTTPException, ValueError) as error:
        raise click.ClickException(f"the local AWS on {running.url} did not answer: {error}") from None
    finally:
        connection.close()
    if response.status >= 400:
        raise click.ClickException(_words_of(str(answer.get("message", response.reason))))
    return dict(answer)


def _words_of(message: str) -> str:
    """A refusal of the one fault that `add` sends, without its place in the list."""
    return "; ".join(line.removeprefix("faults.0").lstrip(".: ") for line in message.splitlines())


def _tell(faults: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        echo_json(faults)
        return
    rows = [
        [one["id"], one["kind"], one.get("endpoint", NOTHING), one["state"], str(one["struck"]), _limits(one)]
        for one in faults
    ]
    for line in aligned(["id", "kind", "endpoint", "state", "struck", "limits"], rows):
        click.echo(line)


def _limits(one: dict[str, Any]) -> str:
    shown = {key: value for key, value in one.items() if key not in ("id", "kind", "endpoint", "state", "struck")}
    told = (f"{key}={'|'.join(value) if isinstance(value, list) else value}" for key, value in shown.items())
    return " ".join(told) or NOTHING
