"""How long the server may work on a request so that its answer still arrives in time."""

_WAY_BACK_SHARE = 6


def request_seconds(timeout: int, *, way_back: int) -> int:
    """Seconds that the server has, of ``timeout`` seconds that the caller waits.

    Args:
        timeout: the caller's patience, in seconds.
        way_back: seconds kept for the answer's way back, at most a sixth of the timeout.
    """
    return timeout - min(way_back, timeout // _WAY_BACK_SHARE)
