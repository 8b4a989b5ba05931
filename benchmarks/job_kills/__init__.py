"""kill -9 of processes that work on jobs; see ``__main__``."""
