"""How S3 says its errors (S3 API reference, Error responses)."""

from xml.sax.saxutils import escape

from chem_endpoints.local.faults.http_requests import HttpReply
from chem_endpoints.local.invocation_errors import InvocationError

_XML = ("Content-Type", "application/xml")


def s3_error(error: InvocationError, *, bodiless: bool) -> HttpReply:
    """An error as S3 says it; to HEAD without a body."""
    if bodiless:
        return HttpReply(status=error.status)
    code, message = escape(error.code or ""), escape(str(error))
    reply = xml_reply(f"<Error><Code>{code}</Code><Message>{message}</Message></Error>")
    return HttpReply(status=error.status, headers=reply.headers, body=reply.body)


def xml_reply(text: str) -> HttpReply:
    """An answer in XML."""
    return HttpReply(status=200, headers=[_XML], body=f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())
