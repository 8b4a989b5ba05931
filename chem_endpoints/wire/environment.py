"""Names of the environment variables that a deployed Model hands to its container.

The endpoint stack writes them, the server's settings read them; nothing else passes between the two.
Sources: "Use Your Own Inference Code with Hosting Services" (SageMaker developer guide) for the two that
SageMaker itself sets.
"""

ENDPOINT_NAME = "CHEM_ENDPOINTS_NAME"
"""The SageMaker endpoint's name; the dimension of the log line's metrics."""

MODEL_SHA256 = "CHEM_ENDPOINTS_MODEL_SHA256"
"""The declared model digest; the server does not start when the bundle's differs."""

REQUEST_SECONDS = "CHEM_ENDPOINTS_REQUEST_SECONDS"
"""Deadline of one request: finished rows come back, the others carry a timeout reason."""

WORKERS = "CHEM_ENDPOINTS_WORKERS"
"""Number of worker processes; default: the number of usable cores."""

HOST = "CHEM_ENDPOINTS_HOST"
"""Address to listen on; default 0.0.0.0, as SageMaker needs. The local AWS sets 127.0.0.1."""

STREAM_SECONDS = "CHEM_ENDPOINTS_STREAM_SECONDS"
"""Deadline of a request whose answer is streamed; default 470 (SageMaker allows 8 minutes)."""

ROW_SECONDS = "CHEM_ENDPOINTS_ROW_SECONDS"
"""Longest time that the model may work on one row, by the clock and by the processor; default 10."""

ROW_MEMORY_MEGABYTES = "CHEM_ENDPOINTS_ROW_MEMORY_MB"
"""Memory in 10^6 bytes that a worker may use beyond the loaded model; default 2000, less on a small instance."""

MAX_WAITING = "CHEM_ENDPOINTS_MAX_WAITING"
"""Requests that may wait for a worker; further ones are told to come again (429); default 64."""

COALESCE = "CHEM_ENDPOINTS_COALESCE"
"""Whether small requests that wait anyway travel to a worker together (1 or 0); default 1."""

ALLOW_PICKLE = "CHEM_ENDPOINTS_ALLOW_PICKLE"
"""Whether ``model_fn`` may read pickles, which run code (1 or 0); default 0."""

WORKER_OUTPUT = "CHEM_ENDPOINTS_WORKER_OUTPUT"
"""What becomes of text that model code prints: ``count`` (default: it may hold structures) or ``show``."""

MAX_BODY_MEGABYTES = "CHEM_ENDPOINTS_MAX_BODY_MB"
"""Largest request body in 10^6 bytes; default 25, SageMaker's own limit for real-time endpoints."""

BIND_PORT = "SAGEMAKER_BIND_TO_PORT"
"""Port to listen on; default 8080."""

MODEL_DIR = "SM_MODEL_DIR"
"""Folder that holds the unpacked bundle; default /opt/ml/model."""
