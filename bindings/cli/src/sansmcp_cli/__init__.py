"""The `sansmcp` command: the one place that may know several bindings at once."""
