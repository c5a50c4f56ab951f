"""The Model Context Protocol as sans-IO state machines."""
