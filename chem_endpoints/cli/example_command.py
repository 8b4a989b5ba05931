"""``chem-endpoints example``: rows that an endpoint answers, and the lines that ask it."""

import json

import click

from chem_endpoints.cli.exit_status import failures_told
from chem_endpoints.cli.json_output import echo_json, json_option

EXAMPLE_FILE = "example.csv"


@click.command()
@click.argument("endpoint")
@click.option("--rows", "-n", type=click.IntRange(min=1), default=3, show_default=True, help="Rows at most.")
@json_option
def example(endpoint: str, rows: int, as_json: bool) -> None:
    """Print rows that ENDPOINT answers, as CSV, and on standard error the lines that ask for them.

    The rows are those that the model must reproduce whenever its server starts. The endpoint itself is not asked and
    may sleep.

    \b
    Example:
      chem-endpoints example logs-v1 > example.csv
    """
    with failures_told():
        from chem_endpoints.cli.example_rows import example_rows
        from chem_endpoints.client.endpoint import Endpoint
        from chem_endpoints.wire.csv_format import write_csv
        from chem_endpoints.wire.jsonlines_format import write_jsonlines

        shown = example_rows(Endpoint(endpoint).manifest, rows)
        table = write_csv(shown, own_columns=shown.shape[1]).decode()
    lines = asking_lines(endpoint)
    if as_json:
        records = [json.loads(line) for line in write_jsonlines(shown).splitlines()]
        echo_json({"endpoint": endpoint, "rows": records, **lines})
        return
    click.echo(table, nl=False)
    click.echo("\n".join(["", *lines.values()]), err=True)


def asking_lines(endpoint: str) -> dict[str, str]:
    """The command and the Python that predict the rows of `EXAMPLE_FILE`."""
    save = f"chem-endpoints example {endpoint} > {EXAMPLE_FILE}"
    ask = f"chem-endpoints predict {endpoint} {EXAMPLE_FILE}"
    return {
        "shell": f"{save}\n{ask}",
        "python": f'from chem_endpoints import Endpoint\nout = Endpoint("{endpoint}").inference("{EXAMPLE_FILE}")',
    }
