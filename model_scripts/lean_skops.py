"""skops without torch: scikit-learn's models need none of it, and importing it takes longer than loading them.

skops lists scikit-learn's estimators when it is imported, which imports every package below ``sklearn``; one of them
imports torch where it finds it. A process that has imported torch already gets the usual module.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any

_WITHHELD = "torch"


class _Withhold(MetaPathFinder):
    """Finds nothing under the withheld name, and lets nobody behind it look."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname == _WITHHELD:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def _import_skops_io() -> Any:
    withhold = _Withhold()
    sys.meta_path.insert(0, withhold)
    try:
        import skops.io
    finally:
        sys.meta_path.remove(withhold)
    return skops.io


skops_io = _import_skops_io()
