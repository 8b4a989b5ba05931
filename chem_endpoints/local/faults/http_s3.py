"""S3 over HTTP, path style, as far as the client uses it."""

from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from chem_endpoints.local.faults.http_requests import HttpReply, HttpRequest
from chem_endpoints.local.faults.objects import StoredObject
from chem_endpoints.local.faults.outcome import Outcome
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.s3_errors import xml_reply

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_METADATA = "x-amz-meta-"
_DATE = "2026-01-01T00:00:00.000Z"
_PAGE = 1000

Asked = tuple[Outcome[Any], HttpReply | None]
"""What an operation came to, and the answer where it has a value."""


class S3Door:
    """Turns requests into operations of the bucket, and outcomes into answers."""

    def __init__(self, machine: FaultyRuntime) -> None:
        self._bucket = machine.bucket

    def ask(self, request: HttpRequest, now: float) -> Asked:
        """The outcome of a request."""
        bucket, _, key = request.path.lstrip("/").partition("/")
        if request.method == "PUT":
            return self._put(request, bucket, key, now)
        if request.method == "DELETE":
            deleted = self._bucket.delete(bucket, key, now)
            return deleted, HttpReply(status=204)
        if request.method == "POST" and "delete" in request.query:
            return self._delete_many(request, bucket, now)
        if not key:
            return self._list(request, bucket, now)
        found = (self._bucket.head if request.method == "HEAD" else self._bucket.get)(bucket, key, now)
        return found, _object(found.value, head=request.method == "HEAD") if found.value is not None else None

    def _put(self, request: HttpRequest, bucket: str, key: str, now: float) -> Asked:
        headers = request.headers
        outcome = self._bucket.put(
            bucket,
            key,
            request.body,
            now,
            content_type=headers.get("content-type", "binary/octet-stream"),
            metadata={n.removeprefix(_METADATA): v for n, v in headers.items() if n.startswith(_METADATA)},
            only_if_absent=headers.get("if-none-match") == "*",
        )
        stored = outcome.value
        return outcome, HttpReply(status=200, headers=[("ETag", stored.etag)]) if stored is not None else None

    def _delete_many(self, request: HttpRequest, bucket: str, now: float) -> Asked:
        tree = ElementTree.fromstring(request.body)  # noqa: S314 - our own client sent it
        keys = [element.text or "" for element in tree.iter() if element.tag.rpartition("}")[2] == "Key"]
        outcome = self._bucket.delete_many(bucket, keys, now)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return outcome, xml_reply(f'<DeleteResult xmlns="{_NAMESPACE}">{deleted}</DeleteResult>')

    def _list(self, request: HttpRequest, bucket: str, now: float) -> Asked:
        outcome = self._bucket.list(bucket, request.query.get("prefix", ""), now)
        if outcome.value is None:
            return outcome, None
        after = request.query.get("continuation-token") or request.query.get("start-after") or ""
        rest = [one for one in outcome.value if one[0].encode() > after.encode()]
        page = rest[: min(int(request.query.get("max-keys", _PAGE)), _PAGE)]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_DATE}</LastModified><ETag>{stored.etag}</ETag>"
            f"<Size>{len(stored.body or b'')}</Size></Contents>"
            for key, stored in page
        )
        cut = len(page) < len(rest)
        more = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if cut else ""
        return outcome, xml_reply(
            f'<ListBucketResult xmlns="{_NAMESPACE}"><Name>{escape(bucket)}</Name><KeyCount>{len(page)}</KeyCount>'
            f"<IsTruncated>{'true' if cut else 'false'}</IsTruncated>{more}{contents}</ListBucketResult>"
        )


def _object(stored: StoredObject, *, head: bool) -> HttpReply:
    body = stored.body or b""
    headers = [("Content-Type", stored.content_type), ("ETag", stored.etag)]
    headers += [(f"{_METADATA}{name}", value) for name, value in stored.metadata.items()]
    return HttpReply(status=200, headers=headers, body=b"" if head else body, length=len(body))
