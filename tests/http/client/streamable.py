"""A client and the server that a test plays."""

from tests.http.client.talking import MODERN, Talk

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", MODERN)


def connected(revision, **options):
    talk = Talk((revision,), **options)
    if revision == MODERN:
        talk.connect_modern()
    else:
        talk.connect_legacy()
    return talk
