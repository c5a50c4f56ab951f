"""A server in a Django project: `gunicorn --threads 16 django_mounting:app`."""

from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from sansmcp import Server
from sansmcp_wsgi import App, Environ, StartResponse

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost", "127.0.0.1"])

server = Server("sums", version="1.0")


@server.tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def health(_request: HttpRequest) -> JsonResponse:
    """Say that all is well."""
    return JsonResponse({"status": "ok"})


urlpatterns = [path("health", health)]
pages: Any = get_wsgi_application()
tools = App(server)


def app(environ: Environ, start_response: StartResponse) -> Any:
    """Send what is below /mcp to the server, and the rest to Django."""
    if environ["PATH_INFO"] == "/mcp":
        return tools(environ, start_response)
    return pages(environ, start_response)
