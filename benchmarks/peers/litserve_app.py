"""Peer (c): LitServe in its natural use, JSON in and JSON out."""

import sys
from typing import Any

import litserve
import pandas as pd

from benchmarks.peers.frame_codec import load_script


class FrameAPI(litserve.LitAPI):
    """The same script behind LitServe's four hooks."""

    def setup(self, device: str) -> None:
        """Loads the model in the worker."""
        self.script, self.model = load_script()

    def decode_request(self, request: list[dict[str, Any]]) -> pd.DataFrame:
        """JSON records to a frame."""
        return pd.DataFrame(request)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predicts."""
        predicted: pd.DataFrame = self.script.predict_fn(frame, self.model)
        return predicted

    def encode_response(self, predicted: pd.DataFrame) -> list[dict[Any, Any]]:
        """A frame to JSON records."""
        return predicted.to_dict(orient="records")


if __name__ == "__main__":
    api = FrameAPI(api_path="/invocations")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, healthcheck_path="/ping")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
