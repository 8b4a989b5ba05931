"""What batches use of their `Endpoint`, beside what jobs do."""

import pandas as pd
import pyarrow as pa

from chem_endpoints.client.jobs.endpoint_side import EndpointSide
from chem_endpoints.client.jobs.job_record import JobOptions
from chem_endpoints.client.pace import Pace
from chem_endpoints.errors import InvalidInputError, ModelChangedError
from chem_endpoints.wire.errors import OptionNotOfferedError
from chem_endpoints.wire.manifest import Output


class BatchSide(EndpointSide):
    """An endpoint, as its batches see it."""

    def pace(self) -> Pace:
        """The pace of its model."""
        return self._endpoint._new_pace()

    def outputs(self, options: JobOptions) -> tuple[Output, ...]:
        """What it answers, without ``prediction_error``.

        Raises:
            ForeignEndpointError: nobody has declared it.
            InvalidInputError: the model does not offer what is asked for.
        """
        try:
            return self.description.known_manifest.asked(options.asked).outputs
        except OptionNotOfferedError as error:
            raise InvalidInputError(str(error)) from None

    def fresh_digest(self) -> str:
        """Digest of the model that it serves now.

        Raises:
            ModelChangedError: it is not the one that this `Endpoint` object has described.
        """
        digest = self.digest_now()
        if digest != self.description.digest:
            raise ModelChangedError(
                f"{self.name} has got another model since it was first asked here: make a new Endpoint"
                f"({self.name!r}), and call its batch"
            )
        return digest

    def needed_columns(self, schema: pa.Schema, options: JobOptions) -> list[str]:
        """Columns that are to be made a DataFrame of: others need not, and large ones would take memory.

        Raises:
            InvalidInputError: the model cannot be asked with these columns.
        """
        empty = pd.DataFrame({name: pd.Series([], dtype=object) for name in schema.names})
        self.travelling(empty, options)
        if options.send == "all":
            return list(schema.names)
        read = {feature.name.casefold() for feature in self.description.known_manifest.features}
        mapped = {options.smiles, *(name for name, _ in options.columns)}
        return [name for name in schema.names if name in mapped or name.casefold() in read]
