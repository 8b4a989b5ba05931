"""XGBoost without scikit-learn: a booster needs none of it, and importing it takes more time and memory than the model.

XGBoost imports scikit-learn where it finds it, for the wrapper classes that training may use. A process that has
imported scikit-learn already gets the usual module.
"""

import sys
from typing import Any

_WITHHELD = "sklearn"


def _import_xgboost() -> Any:
    if _WITHHELD in sys.modules:
        import xgboost

        return xgboost
    sys.modules[_WITHHELD] = None  # type: ignore[assignment] # an import of it fails, which XGBoost provides for
    try:
        import xgboost
    finally:
        del sys.modules[_WITHHELD]
    return xgboost


xgboost = _import_xgboost()
