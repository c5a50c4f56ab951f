"""From annotations to JSON: shapes, their schemas, and what reads and writes values of them.

It knows types and JSON, and nothing of requests, sessions or servers.
"""
