"""The command and its subcommands. Each imports what it needs when it runs: ``--help`` must be instant."""

import click

from chem_endpoints.cli.cache_commands import cache
from chem_endpoints.cli.check_command import check
from chem_endpoints.cli.combine_command import combine
from chem_endpoints.cli.demo_command import demo
from chem_endpoints.cli.deploy_command import deploy
from chem_endpoints.cli.doctor_command import doctor
from chem_endpoints.cli.example_command import example
from chem_endpoints.cli.fault_commands import fault
from chem_endpoints.cli.feature_commands import features
from chem_endpoints.cli.image_commands import image
from chem_endpoints.cli.job_commands import job
from chem_endpoints.cli.list_command import list_endpoints
from chem_endpoints.cli.local_commands import local
from chem_endpoints.cli.local_logs_command import logs
from chem_endpoints.cli.new_command import new
from chem_endpoints.cli.pack_command import pack
from chem_endpoints.cli.plan_command import plan
from chem_endpoints.cli.predict_command import predict
from chem_endpoints.cli.serve_command import serve
from chem_endpoints.cli.smoke_command import smoke
from chem_endpoints.cli.status_command import status
from chem_endpoints.cli.submit_command import submit
from chem_endpoints.cli.train_commands import train
from chem_endpoints.cli.validate_command import schema, validate
from chem_endpoints.cli.wake_command import wake


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="chem-endpoints")
def main() -> None:
    """Chemistry models on Amazon SageMaker: DataFrame in, DataFrame out.

    \b
    Example:
      chem-endpoints demo
    """


MAKING = (
    check,
    combine,
    demo,
    deploy,
    doctor,
    features,
    image,
    local,
    new,
    pack,
    plan,
    schema,
    serve,
    smoke,
    train,
    validate,
)
ASKING = (cache, example, job, list_endpoints, predict, status, submit, wake)
for command in (*MAKING, *ASKING):
    main.add_command(command)
local.add_command(fault)
local.add_command(logs)
