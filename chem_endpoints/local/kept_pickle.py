"""Writes and reads the objects of a kept state with pickle, and what pickle alone cannot: locks, keys, S3 bodies."""

import io
import marshal
import pickle
import threading
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType
from typing import Any

from chem_endpoints.local.kept_bodies import KeptBodies, KeptBody
from chem_endpoints.local.kept_moto import Place, container, places

UNKEEPABLE = (TypeError, AttributeError, pickle.PicklingError)
"""What pickle says of an object that it cannot write."""

_PACKAGE = "chem_endpoints."
_LOCKS: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.Event: threading.Event,
    threading.Condition: threading.Condition,
}


class StatePickler(pickle.Pickler):
    """Writes a state."""

    def __init__(self, file: io.BytesIO, bodies: KeptBodies) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._bodies = bodies
        self._places: dict[int, tuple[str, str | Place]] = {id_: ("moto", place) for id_, place in places().items()}
        self._alive: list[KeptBody] = []
        self.modules: set[str] = set()
        """Our modules whose classes were written: when they change, the state cannot be read any more."""

    @property
    def body_names(self) -> set[str]:
        """The files that the state refers to."""
        return {body.name for body in self._alive}

    def persistent_id(self, value: Any) -> tuple[str, str | Place] | None:
        """Names what is not written: moto's own containers, and bodies in files."""
        return self._places.get(id(value))

    def reducer_override(self, value: Any) -> Any:
        """How to write what pickle cannot; pickle asks for everything but plain values."""
        kind = type(value)
        if kind in _LOCKS:
            return _LOCKS[kind], ()
        if isinstance(value, type):
            if value.__module__.startswith(_PACKAGE):
                self.modules.add(value.__module__)
        elif isinstance(value, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (dict(value),)
        elif isinstance(value, dict) and kind is not OrderedDict:
            return _made(kind, _dictionary(value), _set_dictionary)
        elif kind is FunctionType and "<locals>" in value.__qualname__ and value.__closure__ is None:
            return _function, (marshal.dumps(value.__code__), value.__module__)
        elif kind.__name__ == "AWSManagedPolicy":
            count = {"attachment_count": value.attachment_count}
            return _aws_policy, (value.account_id, value.partition, value.arn), count
        elif hasattr(value, "_value_buffer"):
            return _made(kind, self._object(value), _set_object)
        elif kind.__module__.startswith("cryptography."):
            return _key(value)
        return NotImplemented

    def _object(self, key: Any) -> dict[str, Any]:
        """One of moto's S3 objects, with its body's name in place of its buffer."""
        body = self._bodies.keep(key)
        self._alive.append(body)
        self._places[id(body)] = ("body", body.name)
        return {**{name: value for name, value in vars(key).items() if name != "lock"}, "_value_buffer": body}


class StateUnpickler(pickle.Unpickler):
    """Reads a state that this user's local AWS wrote."""

    def __init__(self, file: io.BytesIO, bodies: KeptBodies) -> None:
        super().__init__(file)
        self._bodies = bodies

    def persistent_load(self, pid: Any) -> Any:
        """What `StatePickler.persistent_id` named."""
        kind, where = pid
        return container(where) if kind == "moto" else self._bodies.buffer(where)


def _made(kind: type, state: Any, set_state: Callable[[Any, Any], None]) -> tuple[Any, ...]:
    """Pickle's recipe for an object that is made without ``__init__``."""
    return _new, (kind,), state, None, None, set_state


def _new(kind: Any) -> Any:
    return kind.__new__(kind)


@dataclass(frozen=True, kw_only=True)
class _Dictionary:
    """What a dictionary of a class of its own really holds: such a class may show less, moto's S3 objects do."""

    items: list[tuple[Any, Any]]
    factory: Any
    attributes: dict[str, Any]


def _dictionary(value: dict[Any, Any]) -> _Dictionary:
    return _Dictionary(
        items=list(dict.items(value)),
        factory=value.default_factory if isinstance(value, defaultdict) else None,
        attributes=getattr(value, "__dict__", {}),
    )


def _set_dictionary(value: Any, state: _Dictionary) -> None:
    for key, item in state.items:
        dict.__setitem__(value, key, item)
    if isinstance(value, defaultdict):
        value.default_factory = state.factory
    if state.attributes:
        vars(value).update(state.attributes)


def _set_object(key: Any, attributes: dict[str, Any]) -> None:
    vars(key).update(attributes)
    key.lock = threading.Lock()


def _function(code: bytes, module: str) -> FunctionType:
    """A function inside another one, such as a ``defaultdict``'s lambda: it has no name by which it could be found."""
    return FunctionType(marshal.loads(code), vars(import_module(module)))  # noqa: S302 - of our own file


def _aws_policy(account: str, partition: str, arn: str) -> Any:
    """One of AWS's 1400 policies: each process has them all."""
    return container(("iam", account, partition)).managed_policies[arn]


def _key(value: Any) -> Any:
    """A private or public key of KMS."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    if hasattr(value, "private_bytes"):
        return _private_key, (value.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)
    if hasattr(value, "public_bytes") and hasattr(value, "verify"):
        return _public_key, (value.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),)
    return NotImplemented


def _private_key(der: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(der, None)


def _public_key(der: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(der)
