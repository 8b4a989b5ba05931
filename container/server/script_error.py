"""What the server raises when a model script, and no caller, is at fault."""


class ScriptError(Exception):
    """The model script broke its contract: our mistake, not the caller's. The message quotes no cell."""
