"""What travels between caller, server, model script and stack: formats, names and limits, each said once."""
