"""Records whose tags and listing moto keeps, and whose other members lie here, since moto drops some of them."""

import json
import threading
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.control_parameters import RefusedError, answer, member
from chem_endpoints.local.wsgi import App, Reply, Request, call_app


class KeptRecords:
    """One kind of record, told as it was given: models, endpoint configurations."""

    def __init__(self, moto: App, *, name_member: str, arn_kind: str, words: str) -> None:
        """
        Args:
            moto: where requests go on to.
            name_member: parameter with the record's name.
            arn_kind: the kind in its ARN.
            words: the kind in SageMaker's messages.
        """
        self._moto, self._name_member, self._arn_kind, self._words = moto, name_member, arn_kind, words
        self._records: dict[tuple[str, str], dict[str, Any]] = {}
        self._lock = threading.Lock()

    def snapshot(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All records, by region and name."""
        return dict(self._records)

    def restore(self, kept: dict[tuple[str, str], dict[str, Any]]) -> None:
        """Takes the records of another process, as moto does its own."""
        self._records.update(kept)

    def create(
        self, request: Request, body: bytes, parameters: dict[str, Any], for_moto: dict[str, Any] | None = None
    ) -> Reply:
        """Makes a record; `for_moto` is what moto gets when it cannot take everything."""
        name = member(parameters, self._name_member)
        with self._lock:
            if (request.region, name) in self._records:
                arn = f"arn:aws:sagemaker:{request.region}:{ACCOUNT}:{self._arn_kind}/{name.lower()}"
                raise RefusedError(f'Cannot create already existing {self._words} "{arn}".')
            reply = call_app(self._moto, request.environ, json.dumps(for_moto).encode() if for_moto else body)
            if reply.status == 200:
                self._records[request.region, name] = {k: v for k, v in parameters.items() if k != "Tags"}
        return reply

    def describe(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        """Tells a record."""
        reply = call_app(self._moto, request.environ, body)
        kept = self._records.get((request.region, member(parameters, self._name_member)))
        if reply.status != 200 or kept is None:
            return reply
        told = {key: value for key, value in json.loads(reply.body).items() if value not in (None, {}, [])}
        return answer({**told, **kept})

    def delete(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        """Removes a record."""
        reply = call_app(self._moto, request.environ, body)
        if reply.status == 200:
            self._records.pop((request.region, member(parameters, self._name_member)), None)
        return reply
