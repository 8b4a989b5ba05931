"""The S3 operations on the bucket."""

from collections.abc import Mapping, Sequence

from chem_endpoints.local.faults.calls import Calls, refused, told
from chem_endpoints.local.faults.objects import ObjectStore, StoredObject
from chem_endpoints.local.faults.outcome import Outcome
from chem_endpoints.local.faults.schedule import Operation
from chem_endpoints.local.faults.shapes import access_denied, no_such_key, precondition_failed


class Bucket:
    """S3, with the faults of the schedule.

    Args:
        calls: how any call goes.
        hides_absence: an absent object is 403, as to a caller without s3:ListBucket, who may not list either.
    """

    def __init__(self, calls: Calls, *, hides_absence: bool) -> None:
        self.objects = ObjectStore()
        self._calls = calls
        self._hides_absence = hides_absence

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        now: float,
        *,
        content_type: str = "binary/octet-stream",
        metadata: Mapping[str, str] | None = None,
        only_if_absent: bool = False,
    ) -> Outcome[StoredObject]:
        """PutObject; ``only_if_absent`` is ``If-None-Match: *``."""
        stored = StoredObject(at=now, body=bytes(body), content_type=content_type, metadata=dict(metadata or {}))

        def put() -> Outcome[StoredObject]:
            if only_if_absent and self.objects.get(bucket, key, now):
                return refused(precondition_failed())
            self.objects.put(bucket, key, stored)
            return told(stored)

        return self._calls.make(Operation.PUT, now, put, key=key)

    def get(self, bucket: str, key: str, now: float) -> Outcome[StoredObject]:
        """GetObject."""
        return self._calls.make(Operation.GET, now, lambda: self._found(bucket, key, now), key=key)

    def head(self, bucket: str, key: str, now: float) -> Outcome[StoredObject]:
        """HeadObject."""
        return self._calls.make(Operation.HEAD, now, lambda: self._found(bucket, key, now), key=key)

    def _found(self, bucket: str, key: str, now: float) -> Outcome[StoredObject]:
        stored = self.objects.get(bucket, key, now)
        if stored is None:
            return refused(access_denied() if self._hides_absence else no_such_key())
        return told(stored)

    def list(self, bucket: str, prefix: str, now: float) -> Outcome[Sequence[tuple[str, StoredObject]]]:
        """ListObjectsV2, all pages at once: key and object, sorted."""

        def look() -> Outcome[Sequence[tuple[str, StoredObject]]]:
            if self._hides_absence:
                return refused(access_denied())
            found = ((key, self.objects.get(bucket, key, now)) for key in self.objects.keys(bucket, prefix, now))
            return told([(key, stored) for key, stored in found if stored is not None])

        return self._calls.make(Operation.LIST, now, look, key=prefix)

    def delete(self, bucket: str, key: str, now: float) -> Outcome[Sequence[str]]:
        """DeleteObject; an absent object is no error."""
        return self._calls.make(Operation.DELETE, now, lambda: self._deleted(bucket, [key], now), key=key)

    def delete_many(self, bucket: str, keys: Sequence[str], now: float) -> Outcome[Sequence[str]]:
        """DeleteObjects; absent objects are no error."""
        return self._calls.make(Operation.DELETE_MANY, now, lambda: self._deleted(bucket, keys, now))

    def _deleted(self, bucket: str, keys: Sequence[str], now: float) -> Outcome[Sequence[str]]:
        for key in keys:
            self.objects.delete(bucket, key, now)
        return told(keys)
