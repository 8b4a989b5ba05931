"""``chem-endpoints cache``: the answers that are kept of an endpoint."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from chem_endpoints.cli.exit_status import failures_told
from chem_endpoints.cli.json_output import echo_json, json_option
from chem_endpoints.cli.text_table import DIGEST_SIGNS

if TYPE_CHECKING:
    from chem_endpoints.client.cache.cache import InferenceCache
    from chem_endpoints.client.cache.local_store import CacheInfo

store_option = click.option(
    "--store", default=None, metavar="PLACE", help="Folder or s3://bucket/prefix/; default: your cache folder."
)


@click.group()
def cache() -> None:
    """Look after the answers that are kept of an endpoint.

    \b
    Example:
      chem-endpoints cache info logs-v1
    """


@cache.command()
@click.argument("endpoint")
@store_option
@json_option
def info(endpoint: str, store: str | None, as_json: bool) -> None:
    """Tell how many answers are kept of ENDPOINT, of which models, and where.

    \b
    Example:
      chem-endpoints cache info logs-v1 --json
    """
    with failures_told():
        _tell(_cache(endpoint, store).info(), as_json=as_json)


@cache.command()
@click.argument("endpoint")
@store_option
@click.confirmation_option("--yes", prompt="Forget all answers of this endpoint?")
@json_option
def clear(endpoint: str, store: str | None, as_json: bool) -> None:
    """Forget all answers of ENDPOINT.

    \b
    Example:
      chem-endpoints cache clear logs-v1 --yes
    """
    with failures_told():
        cached = _cache(endpoint, store)
        cached.clear()
        _tell(cached.info(), as_json=as_json)


@cache.command()
@click.argument("endpoint")
@store_option
@json_option
def compact(endpoint: str, store: str | None, as_json: bool) -> None:
    """Put the many small files of a cache together; no answer is lost.

    \b
    Example:
      chem-endpoints cache compact logs-v1 --store s3://team/cache/
    """
    with failures_told():
        cached = _cache(endpoint, store)
        cached.compact()
        _tell(cached.info(), as_json=as_json)


def _cache(endpoint: str, store: str | None) -> "InferenceCache":
    from chem_endpoints.client.cache.cache import InferenceCache
    from chem_endpoints.client.endpoint import Endpoint

    return InferenceCache(Endpoint(endpoint), store=store)


def _tell(found: "CacheInfo", *, as_json: bool) -> None:
    told = asdict(found)
    if as_json:
        echo_json(told)
        return
    models = [f"{digest[:DIGEST_SIGNS]}: {rows}" for digest, rows in found.models.items()]
    told["models"] = ", ".join(models) or "none"
    width = max(map(len, told))
    for key, value in told.items():
        click.echo(f"{key.ljust(width)}  {value}")
