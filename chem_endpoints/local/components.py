"""Inference components: copies of a model on an endpoint, down to none."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.background import Background
from chem_endpoints.local.container_logs import component_log_group
from chem_endpoints.local.deployment_plan import AT_ONCE, Plan
from chem_endpoints.local.fleet import FleetLaunch
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.instance import CANCELLED
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.roll_out import RolledBackError, Watch
from chem_endpoints.local.server_pool import DEFAULT_STARTUP_SECONDS, NoInstanceError, ServerPool

_LOGGER = logging.getLogger(__name__)
_QUICK_SECONDS = 2.0
"""A deletion that is done within that is answered when it is done."""
CHANGING = ("Creating", "Updating", "Deleting")


@dataclass(eq=False, kw_only=True)
class Component:
    """An inference component and its copies, each a server process."""

    name: str
    endpoint: HostedEndpoint
    variant_name: str
    specification: dict[str, Any]
    desired: int
    """DesiredCopyCount."""
    tags: dict[str, str] = field(default_factory=dict)
    deployment: dict[str, Any] | None = None
    status: str = "Creating"
    failure_reason: str | None = None
    pool: ServerPool | None = None
    former: ServerPool | None = None
    """During an update: the copies that an alarm would bring back."""
    deleted: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def copies(self) -> int:
        """CurrentCopyCount."""
        return len(self.pool.instances) if self.pool is not None else 0

    def pools(self) -> list[ServerPool]:
        """All copies that run."""
        return [pool for pool in dict.fromkeys((self.former, self.pool)) if pool is not None]

    def settle(self, status: str, reason: str | None = None) -> None:
        """Ends or begins a change."""
        self.status, self.failure_reason, self.modified = status, reason, datetime.now(UTC)

    @contextmanager
    def routed(self, port: int | None = None) -> Iterator[int]:
        """Port of a copy for one request; with ``port``: of the copy that listens there.

        Raises:
            NoInstanceError: there is no copy that can take it.
        """
        if self.pool is None:
            raise NoInstanceError(f"Inference component {self.name} has no copy")
        with self.pool.routed(port) as chosen:
            yield chosen


@dataclass(frozen=True, kw_only=True)
class ComponentChange:
    """What UpdateInferenceComponent asks for; None leaves as it is."""

    specification: dict[str, Any] | None = None
    copies: int | None = None
    plan: Plan = AT_ONCE
    deployment: dict[str, Any] | None = None


class Components:
    """The inference components of all endpoints."""

    def __init__(
        self,
        background: Background,
        launch_for: Callable[[HostedEndpoint], FleetLaunch],
        watch_for: Callable[[HostedEndpoint, Plan], Watch],
        rollback_reason: Callable[[RolledBackError], str | None],
    ) -> None:
        self._background, self._launch_for, self._watch_for = background, launch_for, watch_for
        self._rollback_reason = rollback_reason
        self._components: dict[tuple[str, str], Component] = {}
        self._lock = threading.Lock()

    def find(self, name: str, region: str) -> Component | None:
        """A component by its name, without regard to case."""
        return self._components.get((region, name.lower()))

    def listing(self, region: str) -> list[Component]:
        """All components of a region."""
        return [component for (where, _), component in list(self._components.items()) if where == region]

    def all(self) -> list[Component]:
        """All of them."""
        return list(self._components.values())

    def restore(self, component: Component) -> None:
        """Takes a component that another local AWS had, and begins to start its copies unless it has failed."""
        self._components[component.endpoint.region, component.name.lower()] = component
        if component.status != "Failed":
            self._begin(component, partial(self._create, component))

    def on(self, endpoint: HostedEndpoint) -> list[Component]:
        """The components of an endpoint."""
        return [component for component in list(self._components.values()) if component.endpoint is endpoint]

    def create(self, component: Component) -> bool:
        """Begins to create a component; False when its name is taken."""
        key = (component.endpoint.region, component.name.lower())
        with self._lock:
            if key in self._components:
                return False
            self._components[key] = component
        self._begin(component, partial(self._create, component))
        return True

    def update(self, component: Component, change: ComponentChange) -> bool:
        """Begins to change a component; False when something is under way already."""
        with self._lock:
            if component.status in CHANGING:
                return False
            component.settle("Updating")
            component.deployment = change.deployment or component.deployment
            if change.copies is not None:
                component.desired = change.copies
        self._begin(component, partial(self._update, component, change))
        return True

    def delete(self, component: Component) -> bool:
        """Begins to delete a component, as `Hosting.delete` an endpoint; False when something else is under way."""
        with self._lock:
            if component.deleted:
                return True
            if component.status in CHANGING:
                return False
            component.settle("Deleting")
            component.deleted = True
        self._begin(component, partial(self._finish_deletion, component)).join(_QUICK_SECONDS)
        return True

    def _finish_deletion(self, component: Component) -> None:
        try:
            if component.pool is not None:
                component.pool.stop()
        finally:
            with self._lock:
                self._components.pop((component.endpoint.region, component.name.lower()), None)

    def supervise(self) -> None:
        """Restarts what died."""
        for component in list(self._components.values()):
            for pool in component.pools():
                pool.supervise()

    def begin_stop(self) -> None:
        """Begins to stop all copies at once."""
        for component in self.all():
            for pool in component.pools():
                pool.ask_to_stop()
                self._begin(component, pool.stop)

    def _begin(self, component: Component, work: Callable[[], None]) -> threading.Thread:
        return self._background.begin(f"change of component {component.name}", work)

    def _cancelled(self, component: Component) -> bool:
        return component.deleted or self._background.stopping.is_set()

    def _create(self, component: Component) -> None:
        reason = self._attempt(lambda: self._replace_pool(component, component.specification, AT_ONCE))
        component.settle("Failed" if component.pool is None else "InService", reason)

    def _update(self, component: Component, change: ComponentChange) -> None:
        def work() -> None:
            if change.specification is not None:
                self._replace_pool(component, change.specification, change.plan)
                component.specification = change.specification
            elif component.pool is not None:
                component.pool.resize(component.desired, partial(self._cancelled, component))
            else:
                raise HostingError("The inference component has never been in service: delete it")

        reason = self._attempt(work)
        # A rollback may have no reason to tell; after a success the two are equal anyway.
        component.desired = component.copies
        component.settle("Failed" if component.pool is None else "InService", reason)

    def _attempt(self, work: Callable[[], None]) -> str | None:
        """Does it; returns the reason when it fails."""
        try:
            work()
        except RolledBackError as error:
            _LOGGER.warning("The update of an inference component was rolled back: %s", error)
            return self._rollback_reason(error)
        except (HostingError, BotoCoreError, ClientError, OSError) as error:
            return str(error)
        except Exception as error:
            _LOGGER.exception("An inference component could not be changed, inside the local AWS")
            return f"Internal failure of the local AWS: {type(error).__name__}"
        return None

    def _replace_pool(self, component: Component, specification: dict[str, Any], plan: Plan) -> None:
        """Starts copies of a specification, then ends those of the former one.

        Raises:
            HostingError: they do not come up, or an alarm is raised; the former ones go on.
        """
        launch = self._launch_for(component.endpoint)
        startup = specification.get("StartupParameters") or {}
        pool = launch.pool(
            name=component.name,
            owner=f"inference component {component.name}",
            model_name=specification["ModelName"],
            startup_seconds=float(startup.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS)),
            download_seconds=startup.get("ModelDataDownloadTimeoutInSeconds"),
            log_group=component_log_group(component.name),
            log_variant=component.variant_name,
        )
        watch, former = self._watch_for(component.endpoint, plan), component.pool
        try:
            pool.begin(component.desired)
            pool.await_begun(partial(self._cancelled, component))
            component.former = former  # Before the other takes its place: someone always knows of both.
            component.pool = pool
            if plan.guarded or plan.alarms:
                watch.wait(plan.bake_seconds)
            self._require_wanted(component)
        except BaseException:
            component.pool = former
            component.former = None
            pool.stop()
            raise
        if former is not None:
            former.stop()
        component.former = None
        pool.settle_logs()

    def _require_wanted(self, component: Component) -> None:
        if self._cancelled(component):
            raise HostingError(CANCELLED)
