"""`InferenceCache`: an endpoint that is asked for each row once."""

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import boto3
import pandas as pd

from chem_endpoints.client.attach import Attached, attach_answer
from chem_endpoints.client.cache.asking import Asking, Inferring
from chem_endpoints.client.cache.difference import differing_rows
from chem_endpoints.client.cache.keys import label_keys
from chem_endpoints.client.cache.local_store import CacheInfo, Selection
from chem_endpoints.client.cache.question import asks, read_rows
from chem_endpoints.client.cache.store import Store, open_store
from chem_endpoints.client.cache.sums import CachedReport, cached_report
from chem_endpoints.client.inputs import as_frame
from chem_endpoints.client.report import REPORT_KEY
from chem_endpoints.client.run import Inferred
from chem_endpoints.errors import EndpointError, InvalidInputError
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.manifest import Output
from chem_endpoints.wire.options import CONFORMERS_KEY, EXPLAIN_KEY


class InferenceCache:
    """An endpoint whose answers are kept: only rows that nobody has asked this model before travel.

    An answer is kept under the digest of the model that gave it, the options that were asked for, and *all* that the
    model reads of the row. So a model that is deployed again is asked again, and two rows that differ in any feature
    never share an answer. A row that failed is not kept, nor is one that depends on how busy the machine was
    (`chem_endpoints.client.cache.storable`). Every attribute that is not named here is the endpoint's own.

    Args:
        endpoint: the endpoint.
        cache_key_column: your column by whose values you delete answers; it plays no part in finding them.
        output_key_column: output that repeats the key as it was sent, such as ``orig_smiles`` of a model that
            standardises. An answer that repeats another key is not kept, and your key column comes back as you sent
            it, also where an output of the same name would replace it.
        store: folder, or ``s3://bucket/prefix/`` to share answers between machines; default: a folder per endpoint
            in the user's cache folder (``CHEM_ENDPOINTS_CACHE``, else ``$XDG_CACHE_HOME/chem-endpoints``, else
            ``~/.cache/chem-endpoints``). A folder must be on a local disk: SQLite needs its locks.
        session: boto3 session for a store on S3; default: the usual credentials, profile and region.

    Raises:
        InvalidInputError: the model has no output ``output_key_column``.

    Examples:
        >>> cached = InferenceCache(Endpoint("logs-v1"))                       # doctest: +SKIP
        >>> out = cached.inference(df)    # again: answered from the cache     # doctest: +SKIP
    """

    def __init__(
        self,
        endpoint: Inferring,
        *,
        cache_key_column: str = SMILES,
        output_key_column: str | None = None,
        store: str | os.PathLike[str] | None = None,
        session: boto3.Session | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.cache_key_column = cache_key_column
        self.output_key_column = output_key_column
        self._store: Store = open_store(store, endpoint=endpoint.name, session=session)
        self._last: Inferred | None = None

    def __repr__(self) -> str:
        return f"InferenceCache({self.endpoint!r}, store={self._store.place!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "endpoint":  # also while an instance is copied or unpickled
            raise AttributeError(name)
        return getattr(self.endpoint, name)

    def inference(self, rows: Any, **options: Any) -> pd.DataFrame:
        """`Endpoint.inference` with the same arguments and the same answer; only unknown rows travel.

        ``attrs["report"]`` also tells ``cached`` (rows whose answers were kept), ``asked`` (rows that travelled),
        ``repeated`` (rows that are like another one in this frame) and ``stored`` (answers that are kept now).

        Raises:
            EndpointError: the endpoint could not be asked. What was answered before is kept; the error's ``partial``
                holds it.
            CacheError: the answers that are kept cannot be read.
        """
        return self.infer(rows, **options).frame

    def fast_inference(self, rows: Any, threads: int = 8, **options: Any) -> pd.DataFrame:
        """`inference` with more requests under way at once."""
        return self.inference(rows, threads=threads, **options)

    async def ainference(self, rows: Any, **options: Any) -> pd.DataFrame:
        """`inference` for ``await``: it runs in a thread of its own."""
        return await asyncio.to_thread(self.inference, rows, **options)

    def infer(
        self,
        rows: Any,
        *,
        smiles: str | None = None,
        columns: Mapping[str, str] | None = None,
        drop_error_rows: bool = False,
        explain: bool = False,
        conformers: bool = False,
        suffix: str | None = None,
        **options: Any,
    ) -> Inferred:
        """`inference`, with what became of each row beside the frame: see `Endpoint.infer`.

        A ``capture`` holds the rows that travelled.
        """
        frame = as_frame(rows)
        description, model = self.endpoint.description, self.endpoint.model_digest()
        asked = {EXPLAIN_KEY: explain, CONFORMERS_KEY: conformers}
        if description.manifest is None or not model:
            return self._pass_on(
                frame,
                smiles=smiles,
                columns=columns,
                drop_error_rows=drop_error_rows,
                suffix=suffix,
                **asked,
                **options,
            )
        question = asks(
            frame,
            description.manifest,
            key_column=self.cache_key_column,
            asked=[option for option, on in asked.items() if on],
            smiles=smiles,
            columns=columns,
            everything=options.get("send") == "all",
        )
        asking = Asking(
            question=question,
            endpoint=self.endpoint,
            store=self._store,
            output_key=self._output_key(question.outputs),
            options={**asked, **options},
        )
        try:
            asking.run(model)
        except (EndpointError, KeyboardInterrupt) as error:
            asking.gathered.unsent(question.outputs)
            self._last = self._inferred(frame, asking, model, suffix)
            error.__dict__["partial"] = self._last.frame
            raise
        self._last = inferred = self._inferred(frame, asking, model, suffix)
        if drop_error_rows:
            predicted = (inferred.fates["error"] == "").to_numpy(dtype=bool)
            return replace(inferred, frame=inferred.frame.loc[predicted])
        return inferred

    def last_report(self) -> pd.DataFrame:
        """What became of each row of the last call, as `Endpoint.last_report` tells; kept answers took no call.

        Raises:
            EndpointError: nothing was asked yet.
        """
        if self._last is None:
            raise EndpointError("nothing was asked yet: call inference first")
        return self._last.fates

    def info(self) -> CacheInfo:
        """How many answers are kept, of which models, where, and how many bytes they take."""
        return self._store.info()

    def clear(self, model: str | None = None) -> int:
        """Removes all answers, or those of one model; returns how many.

        Args:
            model: digest of the model, or how it begins.
        """
        return self._store.remove(Selection(model=None if model is None else self._model(model)))

    def delete(self, keys: Any) -> int:
        """Removes the answers to some rows, of all models; returns how many.

        Args:
            keys: a value of the key column, or several of them; or a DataFrame, whose rows are meant.

        Raises:
            InvalidInputError: the DataFrame has no column for a feature.
        """
        if not isinstance(keys, pd.DataFrame):
            values = [keys] if isinstance(keys, str) or not isinstance(keys, Iterable) else keys
            return self._store.remove(Selection(labels=frozenset(key for key in label_keys(values) if key is not None)))
        manifest = self.endpoint.description.manifest
        if manifest is None:
            return 0
        return self._store.remove(Selection(rows=frozenset(read_rows(keys, manifest).keys)))

    def compact(self) -> None:
        """Gives room back that removed answers took; on S3 it puts many small parts together."""
        self._store.compact()

    def diff(self, old_model: str, new_model: str, rows: Any = None, *, tolerance: float = 0.0) -> pd.DataFrame:
        """The rows that two models answered differently, among those whose answers are kept.

        Args:
            old_model: digest of one model (see `info`), or how it begins.
            new_model: digest of the other.
            rows: only these rows, with your columns before the others; default: all that both models answered, told
                apart by ``row_key`` alone, as the cache does not keep what was asked.
            tolerance: numbers that differ by at most this share of the old one count as equal.

        Returns:
            ``row_key`` and, for each column that both models give, ``<name>_old`` and ``<name>_new``.
        """
        found = differing_rows(self._store, self._model(old_model), self._model(new_model), tolerance=tolerance)
        manifest = self.endpoint.description.manifest
        if rows is None or manifest is None:
            return found
        frame = as_frame(rows)
        keys = [key.hex() for key in read_rows(frame, manifest).keys]
        place = pd.Index(found["row_key"]).get_indexer(pd.Index(keys))
        mine = frame.loc[place >= 0]
        answers = found.take(place[place >= 0]).set_axis(mine.index, axis="index")
        together: pd.DataFrame = pd.concat([mine, answers], axis="columns")
        return together

    def _inferred(self, frame: pd.DataFrame, asking: Asking, model: str, suffix: str | None) -> Inferred:
        attached = attach_answer(frame, asking.gathered.answers(), suffix=suffix, stacklevel=5)
        fates = asking.gathered.fates()
        report = cached_report(
            asking.reports,
            fates,
            asking.gathered,
            endpoint=self.endpoint.name,
            model=model,
            replaced=list(attached.replaced),
            stored=asking.stored,
        )
        out = self._with_own_key(frame, attached)
        out.attrs[REPORT_KEY] = report
        return Inferred(frame=out, fates=fates, report=report)

    def _pass_on(self, frame: pd.DataFrame, **options: Any) -> Inferred:
        """Asks for every row: nobody knows which model answers, or what it reads."""
        inferred = self.endpoint.infer(frame, **options)
        report: CachedReport = {**inferred.report, "cached": 0, "asked": len(frame), "repeated": 0, "stored": 0}
        inferred.frame.attrs[REPORT_KEY] = report
        self._last = replace(inferred, report=report)
        return self._last

    def _with_own_key(self, frame: pd.DataFrame, attached: Attached) -> pd.DataFrame:
        """The answered frame, in which no answer takes the place of the caller's key, where that is asked for."""
        key = self.cache_key_column
        if self.output_key_column is None or key not in attached.replaced or list(frame.columns).count(key) != 1:
            return attached.frame
        kept: pd.DataFrame = attached.frame.assign(**{key: frame[key].array})
        return kept

    def _output_key(self, outputs: tuple[Output, ...]) -> str | None:
        names = [output.name for output in outputs]
        if self.output_key_column is not None and self.output_key_column not in names:
            raise InvalidInputError(
                f"the model has no output {self.output_key_column!r}, which output_key_column= names; it has"
                f" {', '.join(names[:10])}"
            )
        return self.output_key_column

    def _model(self, digest: str) -> str:
        """The digest of the model whose answers are kept that begins like this."""
        self._store.refresh()
        known = sorted({schema.model for schema in self._store.schemas()})
        found = [model for model in known if model.startswith(digest)]
        if len(found) != 1:
            kept = ", ".join(model[:12] for model in known) or "none"
            raise InvalidInputError(
                f"{'several models begin' if found else 'no model begins'} with {digest!r} among those whose answers"
                f" are kept: {kept}"
            )
        return found[0]
