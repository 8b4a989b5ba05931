"""What makes a measurement worthless."""


class SideError(Exception):
    """A side did not start, answered wrongly or failed under load: it has no figures."""
