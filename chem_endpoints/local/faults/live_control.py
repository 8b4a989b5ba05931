"""The requests by which faults are ordered, listed and cleared in a local AWS."""

import json
from dataclasses import asdict

from chem_endpoints.local.address import FAULTS_PATH, KILL_PATH
from chem_endpoints.local.faults.live import LiveFaults, TooManyFaultsError
from chem_endpoints.local.faults.script import InvalidScriptError, parse_script
from chem_endpoints.local.faults.worker_kill import NoWorkerError, kill_worker
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.wsgi import Reply, Request, json_reply

_MOST_BYTES = 1 << 20


class FaultControl:
    """The door of the faults."""

    def __init__(self, faults: LiveFaults, hosting: Hosting) -> None:
        self._faults, self._hosting = faults, hosting

    def answers(self, request: Request) -> bool:
        """Whether the request is for the faults."""
        return request.path == FAULTS_PATH or request.path.startswith(f"{FAULTS_PATH}/")

    def answer(self, request: Request) -> Reply:
        """Answers it; what is refused says why in ``message``."""
        if request.path == KILL_PATH and request.method == "POST":
            return self._kill(request)
        if request.path != FAULTS_PATH and request.method == "DELETE":
            return self._clear_one(request.path.removeprefix(f"{FAULTS_PATH}/"))
        if request.path != FAULTS_PATH:
            return _refused(404, f"{FAULTS_PATH} takes GET, POST and DELETE, {FAULTS_PATH}/ID takes DELETE")
        if request.method == "POST":
            return self._add(request)
        if request.method == "DELETE":
            return json_reply(200, {"cleared": self._faults.clear()})
        return json_reply(200, {"faults": self._faults.listing()})

    def _add(self, request: Request) -> Reply:
        try:
            added = self._faults.add(parse_script(_object(request)).faults)
        except InvalidScriptError as error:
            return _refused(400, str(error))
        except TooManyFaultsError as error:
            return _refused(409, str(error))
        return json_reply(201, {"faults": added})

    def _clear_one(self, name: str) -> Reply:
        cleared = self._faults.clear(name)
        return json_reply(200, {"cleared": cleared}) if cleared else _refused(404, f"There is no fault {name}")

    def _kill(self, request: Request) -> Reply:
        name = _object(request).get("endpoint")
        if not isinstance(name, str):
            return _refused(400, "endpoint: is missing. Add it: the name of the endpoint")
        try:
            return json_reply(200, asdict(kill_worker(self._hosting, name, request.region)))
        except NoWorkerError as error:
            return _refused(409, str(error))


def _refused(status: int, message: str) -> Reply:
    return json_reply(status, {"message": message})


def _object(request: Request) -> dict[str, object]:
    try:
        content = json.loads(request.read_body(_MOST_BYTES))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
