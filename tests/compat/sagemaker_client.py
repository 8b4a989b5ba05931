"""A program of somebody who uses AWS's `sagemaker` SDK 2.x; runs in `.venv-compat`, where nothing of ours is installed.

``sagemaker_client.py ORDER``: a JSON object with the endpoints, a bucket and structures. Prints one JSON object.
"""

import json
import sys
from typing import Any

from sagemaker.async_inference import WaiterConfig
from sagemaker.deserializers import CSVDeserializer, JSONDeserializer, PandasDeserializer, StringDeserializer
from sagemaker.exceptions import AsyncInferenceModelError
from sagemaker.predictor import Predictor
from sagemaker.predictor_async import AsyncPredictor
from sagemaker.serializers import CSVSerializer, JSONSerializer
from sagemaker.session import Session

ORDER = json.loads(sys.argv[1])
# It waits for the answer and for the failure object, each in a thread of its own, and ends only after the last attempt
# to find the one that never comes.
EVERY_SECOND = WaiterConfig(delay=1, max_attempts=20)
ROWS = [["smiles"], *([structure] for structure in ORDER["smiles"])]
RECORDS = [{"smiles": structure} for structure in ORDER["smiles"]]
SESSION = Session(default_bucket=ORDER["bucket"])  # Without one the SDK asks AWS's own STS, by an address of its own.


def predictor(name: str, serializer: Any, deserializer: Any, **more: Any) -> Predictor:
    return Predictor(name, sagemaker_session=SESSION, serializer=serializer, deserializer=deserializer, **more)


def records_of(frame: Any) -> list[dict[str, Any]]:
    """The rows as JSON takes them; `DataFrame.to_json` would round the numbers."""
    records: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return records


def synchronous() -> dict[str, Any]:
    csv = predictor(ORDER["realtime"], CSVSerializer(), CSVDeserializer())
    pandas = predictor(ORDER["realtime"], CSVSerializer(), PandasDeserializer(accept="text/csv"))
    of_json = predictor(ORDER["realtime"], JSONSerializer(), JSONDeserializer())
    component = predictor(ORDER["components"], JSONSerializer(), JSONDeserializer(), component_name=ORDER["component"])
    return {
        "csv": csv.predict(ROWS),
        "pandas": records_of(pandas.predict(ROWS)),
        "json": of_json.predict(RECORDS),
        "component": component.predict(RECORDS),
    }


def refused() -> dict[str, Any]:
    """What a caller catches when the container refuses the body."""
    caller = predictor(ORDER["realtime"], JSONSerializer(), JSONDeserializer())
    try:
        caller.predict([{"unknown_column": "CCO"}])
    except SESSION.sagemaker_runtime_client.exceptions.ModelError as error:
        return {"status": error.response["OriginalStatusCode"], "message": error.response["OriginalMessage"]}
    return {}


def asynchronous() -> dict[str, Any]:
    csv = AsyncPredictor(predictor(ORDER["async"], CSVSerializer(), PandasDeserializer(accept="text/csv")))
    of_json = AsyncPredictor(predictor(ORDER["async"], JSONSerializer(), JSONDeserializer()))
    later = of_json.predict_async(RECORDS, input_path=f"s3://{ORDER['bucket']}/in/later")
    results = {
        "csv": records_of(csv.predict(ROWS, waiter_config=EVERY_SECOND)),
        "json": of_json.predict(RECORDS, waiter_config=EVERY_SECOND),
        "later": later.get_result(EVERY_SECOND),
    }
    # The SDK reads the failure object by the same deserializer, and it is a sentence.
    refused = AsyncPredictor(predictor(ORDER["async"], JSONSerializer(), StringDeserializer(accept="application/json")))
    try:
        refused.predict([{"unknown_column": "CCO"}], waiter_config=EVERY_SECOND)
    except AsyncInferenceModelError as error:
        results["failure"] = str(error)
    return results


if __name__ == "__main__":
    print(json.dumps({"sync": synchronous(), "refused": refused(), "async": asynchronous()}))
