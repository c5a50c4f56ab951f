from sansmcp.server import Server
from sansmcp_asyncio import serve_stdio

server = Server("library", version="1.0", instructions="Read books://list before you recommend anything.")
BOOKS = ["Moby-Dick", "Emma"]


@server.resource("books://list", mime_type="text/plain")
def books() -> str:
    """All books, a title a line."""
    return "\n".join(BOOKS)


@server.prompt
def review(title: str, words: int = 100) -> str:
    """Ask for a review of a book."""
    return f"Review {title} in {words} words."


if __name__ == "__main__":
    serve_stdio(server)
