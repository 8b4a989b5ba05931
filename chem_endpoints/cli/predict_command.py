"""``chem-endpoints predict``: a CSV file in, the same file with answers out."""

from pathlib import Path

import click


@click.command()
@click.argument("endpoint")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="CSV file to write.")
@click.option("--smiles", default=None, help="Column of SMILES, when it is not called smiles.")
@click.option("--drop-error-rows", is_flag=True, help="Leave out the rows without a prediction.")
@click.option("--explain", is_flag=True, help="Add the columns that explain each prediction.")
@click.option("--conformers", is_flag=True, help="Add each row's conformers as SDF.")
def predict(
    endpoint: str,
    source: Path,
    out: Path,
    smiles: str | None,
    drop_error_rows: bool,
    explain: bool,
    conformers: bool,
) -> None:
    """Predict every row of the CSV file SOURCE at ENDPOINT.

    Columns and rows come back as they were, with the model's columns added; a row that could not be predicted says why
    in the column prediction_error.

    \b
    Example:
      chem-endpoints predict logs-v1 compounds.csv --out predicted.csv
    """
    from botocore.exceptions import BotoCoreError

    from chem_endpoints.client.endpoint import Endpoint
    from chem_endpoints.errors import EndpointError
    from chem_endpoints.wire.csv_format import read_csv, write_csv
    from chem_endpoints.wire.errors import WireError

    try:
        out.touch()  # before anything is sent: answers that cannot be written down are lost
        rows = read_csv(source.read_bytes())
        answer = Endpoint(endpoint).inference(
            rows, smiles=smiles, drop_error_rows=drop_error_rows, explain=explain, conformers=conformers
        )
        out.write_bytes(write_csv(answer, own_columns=rows.shape[1]))
    except (EndpointError, WireError, BotoCoreError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    report = answer.attrs["report"]
    failed = ", ".join(f"{reason}: {count}" for reason, count in report["failed"].items())
    click.echo(f"{out}: {report['predicted']} of {report['rows']} rows predicted{f' ({failed})' if failed else ''}")
