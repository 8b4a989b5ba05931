"""The clauses of the SageMaker hosting contract, as far as a container can keep or break them.

`docs/contract.md` shows this table, and each clause has exactly one test beside this file.

Sources: BYOC = "Custom Inference Code with Hosting Services", FAQ = "Model Hosting FAQs", both of the SageMaker AI
developer guide; botocore = the service model of ``sagemaker-runtime`` in botocore 1.44; RFC 9110 and 9112 = HTTP.
"""

from dataclasses import dataclass
from enum import StrEnum

import pytest


class Audience(StrEnum):
    """Whom a clause binds, and hence what it needs to be tested."""

    ANY = "any server"
    OURS = "this server"
    PROCESS = "this server's process"


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A promise of the contract.

    Attributes:
        number: ``C01`` …
        audience: whom it binds.
        promise: what holds, in a sentence.
        source: the document that says so; for choices of our own, why.
    """

    number: str
    audience: Audience
    promise: str
    source: str


def clause(number: str) -> pytest.MarkDecorator:
    """Marks the one test that asks for a clause.

    Raises:
        KeyError: there is no such clause.
    """
    return pytest.mark.clause(CLAUSES[number].number)


def _table(*rows: tuple[str, Audience, str, str]) -> dict[str, Clause]:
    return {
        number: Clause(number=number, audience=audience, promise=promise, source=source)
        for number, audience, promise, source in rows
    }


_ANY, _OURS, _PROCESS = Audience.ANY, Audience.OURS, Audience.PROCESS

CLAUSES = _table(
    # Start and stop
    (
        "C01",
        _PROCESS,
        "The image's entry point serves when its one argument is `serve`.",
        "BYOC: docker run image serve",
    ),
    (
        "C02",
        _PROCESS,
        "Any other argument ends it at once, with a status and a message that say so.",
        "ours: nothing else runs",
    ),
    (
        "C03",
        _PROCESS,
        "It listens on the port in `SAGEMAKER_BIND_TO_PORT`.",
        "sagemaker-inference-toolkit, parameters.py",
    ),
    ("C04", _PROCESS, "Without that variable it listens on port 8080, on all addresses.", "BYOC: respond on port 8080"),
    (
        "C05",
        _PROCESS,
        "It serves from a read-only model folder and changes nothing in it.",
        "BYOC: /opt/ml/model is read-only",
    ),
    (
        "C06",
        _PROCESS,
        "It writes nothing into its home or working folder.",
        "serverless endpoints: /tmp is what can be written",
    ),
    ("C07", _PROCESS, "/ping is not 200 while the model loads.", "BYOC: /ping says that the container is ready"),
    (
        "C08",
        _PROCESS,
        "A model that cannot be loaded is never served: exit status 1 and a reason.",
        "BYOC: failed health check",
    ),
    ("C09", _PROCESS, "SIGTERM ends it with status 0.", "BYOC: SIGTERM, and SIGKILL 30 s later"),
    (
        "C10",
        _PROCESS,
        "A request that is under way at SIGTERM gets its answer.",
        "BYOC: SIGTERM, and SIGKILL 30 s later",
    ),
    (
        "C11",
        _PROCESS,
        "After SIGTERM a new request is refused: 503, or no connection.",
        "BYOC: SIGTERM, and SIGKILL 30 s later",
    ),
    # /ping
    ("C12", _ANY, "GET /ping is 200 when the model is loaded.", "BYOC: 200"),
    ("C13", _OURS, "Its body is empty.", "BYOC: 200 and an empty body"),
    ("C14", _ANY, "/ping answers within 2 s while invocations run.", "BYOC: 2 s for each attempt"),
    (
        "C15",
        _PROCESS,
        "/ping answers on 50 new connections while every worker is busy.",
        "BYOC: sockets accepted in 250 ms",
    ),
    ("C16", _OURS, "Other methods of /ping are 405, and `Allow` names GET.", "RFC 9110 §15.5.6"),
    # /invocations: what reaches the container
    ("C17", _ANY, "POST /invocations with CSV is 200 with a body.", "BYOC: POST /invocations, 200"),
    ("C18", _ANY, "Other methods of /invocations are 405.", "RFC 9110 §15.5.6"),
    ("C19", _ANY, "N rows in, N rows out.", "ours: no row is lost; batch transform joins by position"),
    ("C20", _ANY, "The answers come in the order of the rows.", "ours: batch transform joins by position"),
    ("C21", _ANY, "Requests at the same time get each their own answer.", "BYOC: concurrent invocations"),
    ("C22", _ANY, "Every header that SageMaker forwards is accepted.", "botocore: InvokeEndpoint"),
    ("C23", _ANY, "Unknown headers are ignored.", "botocore: headers are added over time"),
    ("C24", _ANY, "1,024 visible ASCII characters of custom attributes are accepted.", "botocore: CustomAttributes"),
    (
        "C25",
        _ANY,
        "Custom attributes of the answer, if any, are at most 1,024 visible ASCII characters.",
        "botocore: CustomAttributes",
    ),
    (
        "C26",
        _OURS,
        "The answer's custom attributes carry the model digest and the caller's request id.",
        "ours: who answered what",
    ),
    ("C27", _OURS, "A long or strange request id does not push them past that limit.", "botocore: CustomAttributes"),
    ("C28", _OURS, "X-Amzn-SageMaker-Inference-Id comes back as it was sent.", "botocore: InferenceId"),
    (
        "C29",
        _OURS,
        "An inference id over 64 characters is refused with 400 or does not come back.",
        "botocore: InferenceId, 64",
    ),
    # HTTP
    ("C30", _ANY, "A connection serves several requests.", "RFC 9112 §9.3"),
    ("C31", _ANY, "A body may come in chunks, without a length.", "RFC 9112 §7.1"),
    ("C32", _ANY, "An HTTP/1.0 request is answered, and the connection ends.", "RFC 9112 §9.3"),
    ("C33", _ANY, "Two requests sent before the first answer are both answered, in order.", "RFC 9112 §9.3.2"),
    ("C34", _ANY, "`Expect: 100-continue` is honoured.", "RFC 9110 §10.1.1"),
    ("C35", _ANY, "A caller that hangs up in the middle of a body harms nobody else.", "RFC 9112 §9.5"),
    ("C36", _ANY, "Bytes that are no HTTP request harm nobody else.", "RFC 9112 §2.2"),
    # Formats
    (
        "C37",
        _ANY,
        "A CSV answer is plain `text/csv`, without a charset.",
        "sagemaker SDK 2: PandasDeserializer refuses others",
    ),
    ("C38", _ANY, "A Content-Type may carry parameters and have any case.", "RFC 9110 §8.3.1"),
    ("C39", _ANY, "CRLF line ends and a missing last line end change no answer.", "RFC 4180 §2"),
    ("C40", _ANY, "JSON in, JSON out (with `--model-json` on other servers).", "FAQ: application/json"),
    (
        "C41",
        _OURS,
        "Without Content-Type a body is CSV; without Accept the answer has the request's format.",
        "botocore: both are optional",
    ),
    ("C42", _OURS, "Accept chooses the format: `*/*`, ranges, q-values, and q=0 forbids.", "RFC 9110 §12.5.1"),
    (
        "C43",
        _OURS,
        "JSON Lines, Parquet and Arrow bodies give the numbers that CSV gives, each in its own format.",
        "ours",
    ),
    (
        "C44",
        _PROCESS,
        "JSON Lines come as rows are finished, before the last one is.",
        "InvokeEndpointWithResponseStream",
    ),
    (
        "C45",
        _OURS,
        "A gzip body is read, with `Content-Encoding: gzip` or by its first bytes alone.",
        "botocore: that header is not forwarded",
    ),
    # What is refused
    (
        "C46",
        _ANY,
        "An unknown Content-Type is the caller's mistake: 4xx, 415 from this server.",
        "CloudWatch: Invocation5XXErrors",
    ),
    ("C47", _OURS, "An Accept that nobody here can write is 406.", "RFC 9110 §15.5.7"),
    ("C48", _ANY, "An empty body is 4xx.", "CloudWatch: Invocation5XXErrors"),
    ("C49", _ANY, "A body that cannot be read is 4xx.", "CloudWatch: Invocation5XXErrors"),
    (
        "C50",
        _ANY,
        "A body without a header line is 4xx or loses no row.",
        "sagemaker SDK 2: CSVSerializer drops the header",
    ),
    ("C51", _OURS, "Columns that do not fit the model are 422.", "RFC 9110 §15.5.21"),
    ("C52", _OURS, "A Content-Length over the cap is 413 before the body comes.", "FAQ: 25 MB"),
    ("C53", _PROCESS, "A body over the cap is 413 also without a length, and when gzip hides it.", "FAQ: 25 MB"),
    ("C54", _PROCESS, "A full queue is 429 with Retry-After.", "RFC 6585 §4"),
    (
        "C55",
        _OURS,
        'Errors are JSON: `{"code", "message"}`, plus `errors` by row or field.',
        "FAQ: ModelError passes the text on",
    ),
    (
        "C56",
        _ANY,
        "Errors are shorter than 1 kB and quote no cell.",
        "ModelError cuts long texts; structures are confidential",
    ),
    # Rows and options
    (
        "C57",
        _OURS,
        "A bad row comes back in its place, without values and with a reason.",
        "ours: one row's fault is no request's",
    ),
    ("C58", _OURS, "A header line alone is an empty row set: 200, no rows.", "ours"),
    ("C59", _OURS, "A body of 6 MB is served.", "botocore: 6,291,456 bytes"),
    (
        "C60",
        _PROCESS,
        "A request is answered before SageMaker gives up: rows not finished by then say so, in place.",
        "FAQ: 60 s",
    ),
    (
        "C61",
        _OURS,
        "`return=added` leaves the caller's own columns out; an option that is unknown is ignored.",
        "ours: wire/options.py",
    ),
    ("C62", _OURS, "`strict=true` refuses bad rows with 422 and their numbers.", "ours: wire/options.py"),
)
"""Number → clause."""
