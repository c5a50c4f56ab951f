"""A client of a server that is told of changes: what it hears, on a clock of its own."""

from tests.server.conversation import Conversation

from sansmcp.schema import LATEST_MODERN

LISTS = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}


class Watcher(Conversation):
    """A client that wants to hear of all changes of lists, and of some resources."""

    def __init__(self, server, revision, uris=(), **settings):
        super().__init__(server, revision, **settings)
        self.uris = uris
        self.wakes = []
        self.end = server.subscribe(lambda: self.wakes.append(None))
        if revision == LATEST_MODERN:
            wanted = {**LISTS, "resourceSubscriptions": list(uris)}
            (self.acknowledged,) = self.request("subscriptions/listen", "listening", notifications=wanted)
        else:
            for uri in uris:
                self.result("resources/subscribe", uri=uri)

    def heard(self, after=0.0):
        """Let time pass, and return the methods of what is heard, with the URIs of resources."""
        if self.wakes:
            self.wakes.clear()
            self.session.catch_up(self.now)
        self.now += after
        self.session.handle_timeout(self.now)
        return [self.named(message) for message in self.sent()]

    def named(self, message):
        """Return the method of a notification, and the resource that it names if it does."""
        method = message["method"].removeprefix("notifications/")
        uri = message.get("params", {}).get("uri")
        return (method,) if uri is None else (method, uri)
