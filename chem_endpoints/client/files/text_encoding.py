"""Text of unknown encoding: UTF-8, UTF-16 with its mark, or the Windows and Latin-1 alphabets of Western Europe."""

import codecs
from dataclasses import dataclass, replace

from chem_endpoints.errors import FileError

UTF_8 = "utf-8"
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ONE_BYTE = ("cp1252", "latin-1")
"""Windows writes the first; the second takes every byte."""

_SPOKEN = {"cp1252": "Windows-1252 (Latin-1)", "latin-1": "Latin-1", "utf-16": "UTF-16"}


@dataclass(frozen=True, kw_only=True)
class EncodedText:
    """A text and how it was encoded.

    Attributes:
        utf8: the text in UTF-8, without byte-order mark.
        encoding: Python's name of the encoding that it came in.
        marked: whether a byte-order mark stood before it.
    """

    utf8: bytes
    encoding: str
    marked: bool

    def note(self, name: str) -> str | None:
        """What to tell of a file called ``name``; ``None``: it is UTF-8, nothing to tell."""
        if self.encoding == UTF_8:
            return None
        return f"{name} is not UTF-8: it was read as {_SPOKEN[self.encoding]}"


def read_text(raw: bytes, name: str) -> EncodedText:
    """Finds the encoding of a file's bytes.

    Args:
        raw: the file's contents.
        name: what errors call the file.

    Raises:
        FileError: it is no text.
    """
    if raw.startswith(_UTF_16_MARKS):
        try:
            return EncodedText(utf8=raw.decode("utf-16").encode(), encoding="utf-16", marked=True)
        except UnicodeError:
            raise FileError(f"{name}: it begins as UTF-16 and is not; save it as UTF-8") from None
    if b"\0" in raw:
        raise FileError(
            f"{name}: this is no text file. Save a spreadsheet as CSV (UTF-8), and give Parquet and compressed files"
            " their usual endings"
        )
    marked = raw.startswith(codecs.BOM_UTF8)
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode(UTF_8)
        return EncodedText(utf8=body, encoding=UTF_8, marked=marked)
    except UnicodeDecodeError:
        pass  # then each byte is a letter
    for encoding in _ONE_BYTE:
        try:
            return EncodedText(utf8=body.decode(encoding).encode(), encoding=encoding, marked=False)
        except UnicodeDecodeError:
            continue
    raise AssertionError("Latin-1 takes every byte")


def with_line_feeds(text: EncodedText) -> EncodedText:
    """The text with line feeds, if its lines end in carriage returns alone, as old Macintosh programs write them."""
    if b"\n" in text.utf8 or b"\r" not in text.utf8:
        return text
    return replace(text, utf8=text.utf8.replace(b"\r", b"\n"))
