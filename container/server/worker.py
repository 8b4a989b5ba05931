"""A worker process: holds the model, answers one request at a time, and may be killed at any moment."""

import importlib
import os
import signal
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chem_endpoints.wire.bundle import BundleError, VerifiedBundle
from chem_endpoints.wire.errors import BodyTooLargeError, OptionNotOfferedError, WireError
from chem_endpoints.wire.rows import listen
from container.server.asking import DRAWINGS, Ask, read_ask
from container.server.foreign_bundle import ForeignBundle
from container.server.frames import Frame, Kind, close_all, receive, send
from container.server.golden import replay_golden_rows
from container.server.limits import limit_memory
from container.server.loading import LoadedModel, LoadFailure
from container.server.plain_csv import HeaderPlans
from container.server.prediction import Predictor
from container.server.published import PublishedWork
from container.server.reason_counts import told_of
from container.server.script_error import ScriptError
from container.server.settings import Settings
from container.server.together import answer_together

if TYPE_CHECKING:
    from container.server.answering import Answering, Output

NICENESS = 5
"""Workers yield to the HTTP process where all cores are busy: /ping must be answered, predictions can wait."""


class Worker:
    """Answers frames with frames."""

    def __init__(self, loaded: LoadedModel, work: PublishedWork, settings: Settings) -> None:
        self._loaded, self._work, self._settings = loaded, work, settings
        self._plans = HeaderPlans(loaded.manifest) if loaded.manifest is not None else None
        self._predictor = (
            Predictor(script=loaded.script, model=loaded.model, manifest=loaded.manifest)
            if loaded.manifest is not None
            else None
        )
        self._answerings: dict[tuple[str, ...], Answering] = {}

    def _answering(self, asked: tuple[str, ...]) -> "Answering":
        """What answers requests with these options; kept, as it learns how fast the model is."""
        if asked not in self._answerings:
            self._answerings[asked] = self._new_answering(asked)
        return self._answerings[asked]

    def _new_answering(self, asked: tuple[str, ...]) -> "Answering":
        # Not at the top: a model of numbers may never need pandas, see `container.server.loading`.
        from container.server.answering import Answering
        from container.server.body_source import BodyReader

        if self._predictor is None or self._plans is None:
            raise ScriptError("a bundle without a manifest is asked with whole bodies")
        predictor = self._predictor_of(self._predictor, asked)
        plans = HeaderPlans(predictor.manifest) if asked else self._plans
        return Answering(
            reader=BodyReader(predictor.manifest, plans, digest=self._loaded.digest),
            predictor=predictor,
            work=self._work,
            row_seconds=self._settings.longest_row(predictor.manifest),
        )

    def _predictor_of(self, own: Predictor, asked: tuple[str, ...]) -> Predictor:
        if asked == (DRAWINGS,):
            from container.server.drawings import drawing_predictor

            return drawing_predictor(own.manifest)
        return own.asked(asked) if asked else own

    def answer(self, frame: Frame) -> Iterator[Frame]:
        """The frames that answer one."""
        try:
            if frame.kind is Kind.ASK_TOGETHER:
                yield self._together(frame)
            else:
                yield from self._alone(frame)
        except WireError as error:
            yield _error(error.status, error.code, str(error), error.details)
        except ScriptError as error:
            yield _script_error(str(error))
        except MemoryError:
            too_large = BodyTooLargeError("the body needs more memory than a worker may use; send fewer rows")
            yield _error(413, too_large.code, str(too_large))
        except Exception as error:  # noqa: BLE001 - the worker survives; the text may quote a row, the type does not
            yield _script_error(f"the answer cannot be made: {type(error).__name__}")
        finally:
            self._work.end()

    def _alone(self, frame: Frame) -> Iterator[Frame]:
        from container.server.answering import Output
        from container.server.body_source import open_body

        head = dict(frame.head)
        files = list(frame.descriptors)
        body_file = files.pop(0) if head.pop("body_file") else None
        output = Output(file=files[0] if files else None, converted=files[1] if len(files) > 1 else None)
        ask = read_ask(head)
        source = open_body(frame.body, body_file, ask)
        if self._loaded.whole_body:
            if ask.asked:
                raise OptionNotOfferedError("this model's script reads bodies itself, and adds no columns on request")
            data = source.data if source.data is not None else source.file.read() if source.file is not None else b""
            yield from self._whole_body(data, ask, output)
        else:
            yield from self._answering(ask.asked).frames(ask, source, output)

    def _whole_body(self, body: bytes, ask: Ask, output: "Output") -> Iterator[Frame]:
        from container.server.whole_body import predict_whole_body

        if ask.fail_all:
            yield _error(503, "deadline", ask.fail_all)
            return
        answer = predict_whole_body(
            body,
            ask.content_type or None,
            ask.accept or None,
            self._loaded,
            self._work.expect,
            known_bad=ask.known_bad,
        )
        yield output.rows(
            {
                "start": 0,
                "stop": answer.rows,
                "last": True,
                "content_type": answer.content_type,
                **told_of(answer.reasons, first_row=0, strict=ask.strict),
            },
            answer.body,
        )
        yield Frame(Kind.DONE, {"rows": answer.rows, "milliseconds": {}, "pid": os.getpid(), "converted": None})

    def _together(self, frame: Frame) -> Frame:
        if self._plans is None or self._predictor is None:
            return Frame(Kind.SPLIT)
        header, bodies, start = frame.body[: frame.head["header"]], [], frame.head["header"]
        for size in frame.head["sizes"]:
            bodies.append(frame.body[start : start + size])
            start += size
        self._work.begin(0, 1)
        answered = answer_together(header, bodies, frame.head["returned"], self._plans, self._predictor)
        if answered is None:
            return Frame(Kind.SPLIT)
        head = {
            "sizes": [len(body) for body in answered.bodies],
            "rows": answered.rows,
            "bad": answered.bad_rows,
            "milliseconds": answered.milliseconds,
            "pid": os.getpid(),
        }
        return Frame(Kind.ANSWERS, head, b"".join(answered.bodies))


def run_worker(connection: socket.socket, cells: Any, settings: Settings, *, check_golden_rows: bool) -> None:
    """Serves until the connection closes. Runs in a process of its own."""
    for stopped_by_the_http_process in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopped_by_the_http_process, signal.SIG_IGN)
    os.nice(NICENESS)
    loaded = importlib.import_module("container.server.preload").outcome
    failure = _start_failure(loaded, check_golden_rows)
    if failure is not None:
        send(connection, Frame(Kind.HELLO, {"failure": failure}))
        return
    limit_memory(settings.row_memory_bytes)
    work = PublishedWork(cells)
    listen(work.announce)
    worker = Worker(loaded, work, settings)
    send(connection, Frame(Kind.HELLO, _introduction(loaded)))
    while (frame := receive(connection)) is not None:
        try:
            _serve(connection, worker.answer(frame))
        finally:
            close_all(frame.descriptors)


def _serve(connection: socket.socket, frames: Iterator[Frame]) -> None:
    """Sends frames as they are made; the last ones together, which spares the HTTP process wake-ups."""
    held: list[Frame] = []
    for frame in frames:
        held.append(frame)
        if not frame.head.get("last"):
            send(connection, *held)
            held = []
    if held:
        send(connection, *held)


def _start_failure(loaded: LoadedModel | LoadFailure, check_golden_rows: bool) -> str | None:
    if isinstance(loaded, LoadFailure):
        return loaded.message
    if not check_golden_rows or loaded.manifest is None:
        return None
    try:
        replay_golden_rows(loaded, loaded.manifest)
    except (BundleError, WireError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a model script may raise anything; it ends the start, with a reason
        return f"the golden rows cannot be predicted: {type(error).__name__}"
    return None


def _introduction(loaded: LoadedModel) -> dict[str, Any]:
    bundle, manifest = loaded.bundle, loaded.manifest
    predictor = Predictor(script=loaded.script, model=loaded.model, manifest=manifest) if manifest else None
    return {
        "pid": os.getpid(),
        "digest": loaded.digest,
        "manifest": manifest.model_dump_json() if manifest is not None else None,
        "loaded_at": loaded.loaded_at,
        "why_not_forkable": loaded.why_not_forkable,
        "takes_numbers": predictor is not None and predictor.takes_numbers and not loaded.whole_body,
        "whole_body": loaded.whole_body,
        "features": list(_features(bundle)),
        "layout": "manifest" if isinstance(bundle, VerifiedBundle) else bundle.layout.value,
    }


def _features(bundle: VerifiedBundle | ForeignBundle) -> tuple[str, ...]:
    if isinstance(bundle, VerifiedBundle):
        return tuple(feature.name for feature in bundle.manifest.features)
    return bundle.feature_columns


def _script_error(message: str) -> Frame:
    return _error(500, "model_script_error", message)


def _error(status: int, code: str, message: str, details: dict[str, Any] | None = None) -> Frame:
    readable = message.encode("utf-8", "replace").decode()  # it may name a column that has no encoding
    return Frame(Kind.ERROR, {"status": status, "code": code, "message": readable, "details": details or {}})
