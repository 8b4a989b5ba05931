"""``chem-endpoints demo``: the whole way, from a CSV file to predictions from deployed endpoints."""

import click


@click.command()
@click.option("--down", is_flag=True, help="Stop the local AWS at the end.")
@click.option("--folder", default=".demo", show_default=True, help="Folder of the clone that holds what it makes.")
def demo(down: bool, folder: str) -> None:
    """Train a model, deploy it as two endpoints onto a local AWS with the real CDK CLI, and predict.

    Everything that it makes lies below that folder and .local-aws/ of the clone.

    \b
    Example:
      chem-endpoints demo
    """
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.cli.demo.steps import run_demo

    root = require_clone()
    run_demo(root, root / folder, keep_running=not down)
