"""``python -m chem_endpoints.local.faults.served``: the simulated endpoint on a free port, for benchmarks and kills."""

import argparse
from pathlib import Path

from pydantic import TypeAdapter

from chem_endpoints.local.address import REGION
from chem_endpoints.local.faults.http_door import make_server
from chem_endpoints.local.faults.release import Release
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Fault, Schedule
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import number_release, text_release
from chem_endpoints.spec.support_matrix import SUPPORT
from chem_endpoints.wire.tags import parse_settings

FAULTS = TypeAdapter(list[Fault])
"""A JSON list of faults, with the fields of `Fault`."""


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(prog="python -m chem_endpoints.local.faults.served", description=__doc__)
    add = options.add_argument
    add("--port", type=int, default=0, help="port on 127.0.0.1; default: a free one")
    add("--name", default="logs-v1", help="endpoint name; default: %(default)s")
    add("--kind", choices=list(SUPPORT), default="realtime", help="default: %(default)s")
    add("--model", choices=["text", "numbers"], default="text", help="text: reads smiles; numbers: reads x0, x1, …")
    add("--columns", type=int, default=1, help="columns of the model of numbers; default: %(default)s")
    add("--latency", type=float, default=0.0, help="seconds of a round trip; default: %(default)s")
    add("--call-seconds", type=float, default=0.0, help="seconds of work on a request; default: %(default)s")
    add("--row-seconds", type=float, default=0.0, help="seconds of work on a row; default: %(default)s")
    add("--slots", type=int, default=64, help="requests worked on at once; default: %(default)s")
    add("--wake-seconds", type=float, help="the endpoint is at zero, and wakes so long after the first request")
    add("--foreign", action="store_true", help="not deployed by Chem Endpoints; a bad row fails its request")
    add("--on-bad-row", choices=["reason", "refuse", "crash"], help="default: reason, of a foreign endpoint refuse")
    add("--client", default="", help="the tag of client settings, such as 'rows_per_chunk=100 max_in_flight=4'")
    add("--faults", type=Path, help="JSON file: a list of faults (chem_endpoints.local.faults.schedule.Fault)")
    add("--seed", type=int, default=0, help="of the faults' luck; default: %(default)s")
    return options


def machine_from(arguments: argparse.Namespace) -> FaultyRuntime:
    """The state machine that the options describe."""
    release: Release = text_release() if arguments.model == "text" else number_release(arguments.columns)
    settings = RuntimeSettings(
        name=arguments.name,
        kind=arguments.kind,
        foreign=arguments.foreign,
        slots=arguments.slots,
        latency=arguments.latency,
        call_seconds=arguments.call_seconds,
        row_seconds=arguments.row_seconds,
        wake_seconds=arguments.wake_seconds,
        on_bad_row=arguments.on_bad_row or ("refuse" if arguments.foreign else "reason"),
        client_settings=parse_settings(arguments.client),
    )
    faults = FAULTS.validate_json(arguments.faults.read_bytes()) if arguments.faults else []
    return FaultyRuntime(release, settings, Schedule(faults=faults, seed=arguments.seed))


def main() -> None:
    """Serves until it is stopped; the first line says the ``endpoint_url``."""
    arguments = parser().parse_args()
    server = make_server(machine_from(arguments), port=arguments.port)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    print(f"any credentials, region {REGION}; S3 needs path style", flush=True)
    try:
        server.serve_forever(poll_interval=0.5)
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
