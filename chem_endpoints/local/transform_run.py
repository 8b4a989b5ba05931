"""One transform job at work: mini-batches to its servers, answers to S3 in the order of the records."""

import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from chem_endpoints.local.async_objects import ObjectError
from chem_endpoints.local.container_pool import ContainerPool
from chem_endpoints.local.instance import Instance
from chem_endpoints.local.transform_calls import TransformCalls, TransformError
from chem_endpoints.local.transform_lines import MiniBatch, RecordError, mini_batches
from chem_endpoints.local.transform_objects import InputObject, TransformObjects
from chem_endpoints.local.transform_request import TransformRequest, Tuning


@dataclass(eq=False, kw_only=True)
class _Input:
    """An input that is being transformed."""

    source: InputObject
    content: IO[bytes]
    output: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    failure: str | None = None

    def fail(self, failure: str) -> None:
        """Notes the first failure."""
        self.failure = self.failure or failure

    def close(self) -> None:
        """Lets go of its files."""
        self.content.close()
        self.output.close()


@dataclass(kw_only=True)
class TransformRun:
    """The work of one job on servers that are healthy."""

    request: TransformRequest
    tuning: Tuning
    objects: TransformObjects
    stopping: threading.Event
    """Set when the job is to end."""
    log: Callable[[str], None]
    """Writes a line of the job's data log."""
    done: list[InputObject] = field(default_factory=list)
    """Inputs whose answers are in S3."""
    failures: list[str] = field(default_factory=list)
    """Why others are not; a failure of one does not keep the others from being tried."""
    _left: deque[InputObject] = field(default_factory=deque)
    _connections: ContainerPool = field(default_factory=ContainerPool)

    def go(self, inputs: list[InputObject], instances: tuple[Instance, ...]) -> None:
        """Transforms all inputs; each is the work of one instance.

        Raises:
            TransformStoppedError: the job was asked to stop.
        """
        self._left.extend(inputs)
        with closing(self._connections), ThreadPoolExecutor(len(instances), "transform instance") as executor:
            for work in [executor.submit(self._work, instance) for instance in instances]:
                work.result()
        self.done.sort(key=lambda source: source.name)

    def _work(self, instance: Instance) -> None:
        """One input after the other, as long as there are any."""
        lane = _Lane(run=self, instance=instance)
        with closing(lane), ThreadPoolExecutor(self.tuning.concurrent, "mini-batch") as executor:
            while (source := self._next()) is not None:
                lane.send(source, executor)
            lane.take_down_to(0)

    def _next(self) -> InputObject | None:
        try:
            return self._left.popleft()
        except IndexError:
            return None

    def calls(self, instance: Instance, source: InputObject) -> TransformCalls:
        """Requests to an instance on behalf of an input."""
        return TransformCalls(
            request=self.request,
            instance=instance,
            connections=self._connections,
            stopping=self.stopping,
            log=partial(self.note, source),
        )

    def note(self, source: InputObject, text: str) -> None:
        """Writes lines about an input to the data log."""
        for line in text.splitlines():
            self.log(f"{source.place}: {line}")

    def end(self, source: InputObject, failure: str | None) -> None:
        """Takes an input that is transformed, or failed."""
        if failure is None:
            self.done.append(source)
        else:
            self.note(source, failure)
            self.failures.append(f"{failure} ({source.place})")


@dataclass(kw_only=True)
class _Lane:
    """What is on its way to one instance: the next mini-batches are sent while earlier answers are awaited."""

    run: TransformRun
    instance: Instance
    _under_way: deque[tuple[_Input, MiniBatch | None, Future[IO[bytes]] | None]] = field(default_factory=deque)
    """In the order of the records; after the last mini-batch of an input there is one without any."""
    _open: set[_Input] = field(default_factory=set)

    def send(self, source: InputObject, executor: ThreadPoolExecutor) -> None:
        """Sends an input's mini-batches; their answers are taken when others have to wait for a place."""
        try:
            given = _Input(source=source, content=self.run.objects.fetch(source))
        except ObjectError as error:
            self.run.end(source, str(error))
            return
        self._open.add(given)
        calls, most = self.run.calls(self.instance, source), self.run.tuning.concurrent
        for batch in self._batches(given):
            self.take_down_to(most - 1)
            self._under_way.append((given, batch, executor.submit(calls.answer, batch)))
        self._under_way.append((given, None, None))

    def _batches(self, given: _Input) -> Iterator[MiniBatch]:
        """Those of an input, until one of them fails."""
        cut = self.run.tuning.cut(self.run.request)
        try:
            for batch in mini_batches(given.content, cut, self.run.request.filters):
                if given.failure is not None:
                    batch.close()
                    return
                yield batch
        except RecordError as error:
            given.fail(f"ClientError: {error}")

    def take_down_to(self, most: int) -> None:
        """Takes answers, and waits for them, until no more than so many are awaited.

        Raises:
            TransformStoppedError: the job was asked to stop.
        """
        while len(self._under_way) > most:
            given, batch, answer = self._under_way.popleft()
            if batch is None or answer is None:
                self._end(given)
                continue
            with closing(batch):
                try:
                    with answer.result() as content:
                        self.run.tuning.assembly(self.run.request).add(given.output, batch, content)
                except TransformError as error:
                    given.fail(str(error))
                except RecordError as error:
                    given.fail(f"AlgorithmError: {error}")

    def _end(self, given: _Input) -> None:
        """All answers to an input are there: writes them, unless something failed."""
        failure = given.failure
        if failure is None:
            try:
                self.run.objects.store(given.source, given.output)
            except ObjectError as error:
                failure = str(error)
        self._open.discard(given)
        given.close()
        self.run.end(given.source, failure)

    def close(self) -> None:
        """Lets go of what is open when a job stops halfway."""
        for _, batch, answer in self._under_way:
            if batch is not None and answer is not None:
                batch.close()
                if not answer.cancelled() and answer.done() and answer.exception() is None:
                    answer.result().close()
        for given in self._open:
            given.close()
