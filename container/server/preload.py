"""The model, loaded by the process that imports this module.

That is the model host (a `multiprocessing` fork server, which imports it before it forks anything), so that all
workers share one copy in memory; or, where forking is unsafe, each worker itself. A fork server swallows an
ImportError of its preloads and turns every other exception into a bare EOFError: hence nothing here raises.
"""

import os
import sys

from container.server.loading import LoadedModel, LoadFailure, load_model
from container.server.settings import read_settings

# The model's folder stays as it came: its digest must be the same at the next start.
sys.dont_write_bytecode = True

outcome: LoadedModel | LoadFailure = load_model(read_settings(os.environ))
