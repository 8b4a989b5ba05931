"""The page of a deployed model at ``/endpoints/NAME/``: what browsers ask there is asked of the endpoint's own server.

Predictions are not: ``POST /endpoints/NAME/invocations`` is InvokeEndpoint, with all that AWS does around it.
"""

import http.client
import re

from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.invocation_errors import InvocationError
from chem_endpoints.local.runtime import Runtime
from chem_endpoints.local.server_pool import NoInstanceError
from chem_endpoints.local.variant import ColdStartError, ThrottledError
from chem_endpoints.local.wsgi import Reply, Request, json_reply

_PAGE = re.compile(r"/endpoints/([^/]+)(/(?:docs|model|health|openapi\.json|playground/[a-z_]+\.(?:js|css))?)?")
_ASKED_BY_THE_PAGE = re.compile(r"/endpoints/([^/]+)(/(?:drawings|invocations))")
_DRAWINGS = "/drawings"

_SENT_ON = ("Content-Type", "Accept", "If-None-Match")
_SENT_BACK = (
    "content-type",
    "etag",
    "cache-control",
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
)


class PlaygroundDoor:
    """Answers browsers; ``seconds`` is how long a server may take."""

    def __init__(self, runtime: Runtime, *, seconds: float) -> None:
        self._runtime, self._seconds = runtime, seconds

    def answers(self, request: Request) -> bool:
        """Whether it is for the page or what belongs to it. Who signs speaks to AWS: a bucket may be called so, too."""
        if request.header("Authorization"):
            return False
        found = _ASKED_BY_THE_PAGE.fullmatch(request.path)
        if request.method == "POST":
            return found is not None and found.group(2) == _DRAWINGS
        return request.method == "GET" and _PAGE.fullmatch(request.path) is not None

    def answer(self, request: Request) -> Reply:
        """Answers it."""
        found = _PAGE.fullmatch(request.path) or _ASKED_BY_THE_PAGE.fullmatch(request.path)
        if found is None:
            return json_reply(404, {"message": "the playground has no such path"})
        name, path = found.groups()
        if path is None:  # the page's own addresses are relative
            return Reply(status=308, body=b"", headers=[("Location", f"/endpoints/{name}/")])
        try:
            endpoint, fleet = self._runtime.serving(name, request.region)
            return self._asked(endpoint, fleet, request, path)
        except InvocationError as error:
            return json_reply(404, {"message": str(error)})
        except (NoInstanceError, ThrottledError, ColdStartError) as error:
            return json_reply(
                503, {"message": f"{error}. An endpoint that sleeps is woken by: chem-endpoints wake {name}"}
            )

    def _asked(self, endpoint: HostedEndpoint, fleet: Fleet, request: Request, path: str) -> Reply:
        if fleet.takes_components:
            return json_reply(
                404,
                {"message": f"{endpoint.name} serves inference components, which have no page; ask it by the client"},
            )
        body = request.read_body(self._runtime.body_bytes)
        with fleet.routed(None) as (_, port):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self._seconds)
            try:
                connection.request(request.method, path, body or None, request.headers(_SENT_ON))
                response = connection.getresponse()
                headers = [(name, value) for name, value in response.getheaders() if name.lower() in _SENT_BACK]
                return Reply(status=response.status, body=response.read(), headers=headers)
            except ConnectionRefusedError:
                raise NoInstanceError(f"{endpoint.name} has no healthy instance at present") from None
            except (OSError, http.client.HTTPException):
                return json_reply(502, {"message": f"the server of {endpoint.name} did not answer"})
            finally:
                connection.close()


def is_pages_own(request: Request) -> bool:
    """Whether a playground asks for its scripts, or one of these for answers: browsers name the page's origin then."""
    same = request.header("Origin") == f"http://{request.header('Host')}"
    return same and (_PAGE.fullmatch(request.path) or _ASKED_BY_THE_PAGE.fullmatch(request.path)) is not None
