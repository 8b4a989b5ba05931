"""The page at ``/`` and its files: static, the same for every model; the page itself asks ``/model`` what to show."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "playground"
PAGE = "index.html"

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
"""``Content-Security-Policy``: nothing from elsewhere, no script or style in the page, pictures from memory only."""


@dataclass(frozen=True, kw_only=True)
class PageFile:
    """One file, as it is sent."""

    body: bytes
    media_type: str

    @property
    def headers(self) -> dict[str, str]:
        """Browsers keep it, and ask each time whether it is still that of this digest."""
        return {
            "ETag": self.tag,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }

    @functools.cached_property
    def tag(self) -> str:
        """The ``ETag``: the digest of the contents."""
        return f'"{hashlib.sha256(self.body).hexdigest()}"'


@functools.cache
def page_files() -> dict[str, PageFile]:
    """Name → file, read when the page is first asked for."""
    return {
        path.name: PageFile(body=path.read_bytes(), media_type=MEDIA_TYPES[path.suffix])
        for path in sorted(FOLDER.iterdir())
        if path.suffix in MEDIA_TYPES
    }
