"""Server processes end with their local AWS, however it ends, and come back when they die alone."""

import os
import shutil
import signal
import subprocess
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.guard import end_groups, groups_left

pytestmark = pytest.mark.end_to_end
SICK = {"STAND_IN_FAULT": "sick"}


def test_the_guard_ends_what_has_not_ended() -> None:
    assert groups_left(["+7\n", "+8\n", "-7\n", "-9\n"]) == {8}
    stubborn = subprocess.Popen(["sh", "-c", "trap '' TERM; echo; sleep 60"], stdout=-1, start_new_session=True)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    end_groups({stubborn.pid, 2**22 + 1}, seconds=0.2)
    assert stubborn.wait(5) == -signal.SIGKILL
    stubborn.stdout.close()


def test_a_killed_local_aws_leaves_no_server(own_aws: Any) -> None:
    own_aws.deployer.endpoint("pair", count=2)
    own_aws.wait_for_servers(2)
    own_aws.process.kill()
    own_aws.process.wait()
    own_aws.wait_for_servers(0)


@pytest.mark.parametrize("existing", [False, True], ids=["creating", "updating"])
def test_a_stop_during_a_roll_out_leaves_no_server(own_aws: Any, existing: bool) -> None:
    deployer = own_aws.deployer
    if existing:
        deployer.endpoint("slow")
        config = deployer.config(environment=SICK)
        deployer.sagemaker.update_endpoint(EndpointName="slow", EndpointConfigName=config)
    else:
        deployer.sagemaker.create_endpoint(EndpointName="slow", EndpointConfigName=deployer.config(environment=SICK))
    own_aws.wait_for_servers(1 + existing)
    assert own_aws.stop() == 0
    assert own_aws.server_pids() == set()


def test_a_start_that_fails_does_not_end_supervision(own_aws: Any) -> None:
    own_aws.deployer.endpoint("broken")
    (broken,) = own_aws.wait_for_servers(1)
    own_aws.deployer.endpoint("sound")
    (sound,) = own_aws.wait_for_servers(2) - {broken}
    logs = own_aws.folder / ".local-aws/logs/broken"
    shutil.rmtree(logs)
    logs.write_text("a file where the folder was")
    os.kill(broken, signal.SIGKILL)
    wait_for_log(own_aws, "could not be started again")
    os.kill(sound, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while own_aws.server_pids() in (set(), {sound}):
        assert time.monotonic() < deadline, own_aws.log()
        time.sleep(0.05)


def test_a_restart_does_not_bring_other_code_into_service(own_aws: Any) -> None:
    own_aws.deployer.endpoint("pinned")
    (pid,) = own_aws.wait_for_servers(1)
    (own_aws.folder / "container" / "server.py").write_text("# edited\n")
    os.kill(pid, signal.SIGKILL)
    wait_for_log(own_aws, "is not started again")
    assert own_aws.server_pids() == set()
    with pytest.raises(ClientError, match="no healthy instance"):
        own_aws.client("sagemaker-runtime").invoke_endpoint(EndpointName="pinned", Body=b"x")


def wait_for_log(own_aws: Any, words: str) -> None:
    deadline = time.monotonic() + 15
    while words not in own_aws.log():
        assert time.monotonic() < deadline, own_aws.log()
        time.sleep(0.05)
