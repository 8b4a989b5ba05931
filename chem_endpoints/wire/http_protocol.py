"""HTTP/1.1 as both of our servers speak it: an offer to go on in another protocol is passed over, as RFC 9110 allows.

Java's client and ``curl --http2`` offer HTTP/2 with each first request (``Upgrade: h2c``). The parser then takes what
follows the head for the other protocol, and uvicorn would answer a request that has lost its body.
"""

import asyncio

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OF_THE_OFFER = (b"upgrade", b"http2-settings")


class Http1Protocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools, which reads a request with an ``Upgrade`` header like any other.

    `RFC 9110, 7.8 <https://www.rfc-editor.org/rfc/rfc9110#section-7.8>`_: a server may ignore the header.
    """

    transport: asyncio.Transport

    def data_received(self, data: bytes) -> None:
        """Reads what has arrived."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._read_without_the_offer(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _should_upgrade(self) -> bool:
        return True  # Only asked where the parser has met an offer: nothing of such a request may begin here.

    def _read_without_the_offer(self, rest: bytes) -> None:
        """Reads the same head again, without the offer, and then what followed it."""
        method = self.scope["method"].encode()
        if method == b"CONNECT":  # Asks for a tunnel, in any case.
            self.send_400_response("CONNECT is not served here.")
            return
        head = [method, b" ", self.url, b" HTTP/", self.scope["http_version"].encode(), b"\r\n"]
        for name, value in self.headers:
            kept = _without_upgrade(value) if name == b"connection" else value
            if name not in _OF_THE_OFFER and kept:
                head += [name, b": ", kept, b"\r\n"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # As uvicorn sets it.
        self.data_received(b"".join([*head, b"\r\n", rest]))


def _without_upgrade(connection: bytes) -> bytes:
    options = [option.strip() for option in connection.split(b",")]
    return b", ".join(option for option in options if option.lower() not in _OF_THE_OFFER)
