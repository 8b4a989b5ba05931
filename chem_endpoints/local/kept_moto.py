"""What moto remembers of all AWS services: its backends, one per service, account and region.

moto has no way to keep them. Each backend is an object whose attributes are plain Python; a kept state holds those
attributes, and gives them to the backends of the next process. Parts of different backends may refer to each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Place = tuple[str, ...]
"""Where one of moto's own containers is found: service; account; region."""


@dataclass(frozen=True, kw_only=True)
class BackendState:
    """The attributes of one backend, or of a service's dictionary of backends."""

    place: Place
    attributes: dict[str, Any]


class MotoBackends:
    """The part of a kept state that is moto's."""

    def snapshot(self) -> list[BackendState]:
        """All backends, as they are now and as they change until they are written."""
        return [
            BackendState(place=place, attributes=attributes) for place, _, attributes in _containers() if attributes
        ]

    def restore(self, kept: list[BackendState]) -> None:
        """Gives the backends of this process what others had."""
        for state in kept:
            vars(container(state.place)).update(state.attributes)


def places() -> dict[int, Place]:
    """The place of each container of moto, by its identity: they are never written themselves."""
    return {id(found): place for place, found, _ in _containers()}


def container(place: Place) -> Any:
    """What is at a place in this process."""
    from moto.backends import get_backend

    found: Any = get_backend(place[0])  # type: ignore[call-overload]
    for key in place[1:]:
        found = found[key]
    return found


def _containers() -> Iterator[tuple[Place, Any, dict[str, Any]]]:
    """Place, container, and those of its attributes that have state."""
    from moto.core.base_backend import BackendDict

    services: list[Any] = list(BackendDict._instances)  # type: ignore[misc]
    for service in services:
        plain = vars(BackendDict(service.backend, service.service_name))
        own = {name: value for name, value in vars(service).items() if name not in plain}
        yield (service.service_name,), service, own
        for account, regions in list(service.items()):
            yield (service.service_name, account), regions, {}
            for region, backend in list(regions.items()):
                if backend.partition != "aws":
                    continue  # China's and others': moto makes some of them, and nobody can have used them here.
                yield (service.service_name, account, region), backend, dict(vars(backend))
