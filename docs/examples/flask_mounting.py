"""A server in a Flask application: `gunicorn --threads 16 flask_mounting:app`."""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from sansmcp import Server
from sansmcp_wsgi import App

server = Server("sums", version="1.0")
app = Flask(__name__)


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@app.get("/health")
def health() -> dict[str, str]:
    """Say that all is well."""
    return {"status": "ok"}


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/tools": App(server)})  # type: ignore[method-assign]
