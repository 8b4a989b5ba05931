"""The servers of a serverless variant: each is started for a request of its own, beside others that are starting."""

from collections.abc import Callable, Sequence
from itertools import count

from chem_endpoints.local.instance import Instance
from chem_endpoints.local.model_folder import check_image
from chem_endpoints.local.server_pool import ServerPool


class ServerlessPool(ServerPool):
    """A pool to which several threads may add servers at once."""

    def add(self, cancelled: Callable[[], bool]) -> Instance:
        """Starts one more server, waits until it is healthy, and routes to it.

        Raises:
            HostingError: it does not start, or is not healthy.
            OSError: its process cannot be started.
        """
        check_image(self.start.model.image, self.start.region, self.start.settings)
        instance = self._started()
        try:
            instance.await_health(self.start.owner, cancelled)
            with self._processes:
                self._require_open()
                with self._routing:
                    self.instances = (*self.instances, instance)
                self._starting.remove(instance)
                self.settle_logs()
        except BaseException:
            self._give_up(instance)
            raise
        return instance

    def _started(self) -> Instance:
        with self._processes:
            self._require_open()
            taken = {instance.number for instance in (*self.instances, *self._starting)}
            instance = self.start.instance(next(number for number in count(1) if number not in taken))
            self.start.run(instance)
            self._starting.append(instance)
        return instance

    def _give_up(self, instance: Instance) -> None:
        with self._processes:
            if instance in self._starting:
                self._starting.remove(instance)
        self._end([instance])

    def retire(self, instances: Sequence[Instance]) -> None:
        """Stops these servers, except those that have a request meanwhile."""
        with self._routing:
            retired = [instance for instance in instances if instance in self.instances and not instance.outstanding]
            self.instances = tuple(instance for instance in self.instances if instance not in retired)
        self._end(retired)
