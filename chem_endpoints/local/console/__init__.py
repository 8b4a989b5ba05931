"""The console: one page that shows what the local AWS runs, scales and waits for. It changes nothing."""
