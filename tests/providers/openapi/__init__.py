"""Servers made from OpenAPI documents of OpenAI, Replicate and ElevenLabs (SOURCE.md says where those are from).

    with Described("openai") as server:      # on the loopback; server.environ() makes vbmake use it
        ...
        assert server.refused == []          # nothing that the document does not allow

A request is held against the document before it is answered: path and method, key, content type, path and query and
header parameters, and the body by its schema, in which fields that the document does not name are refused. An answer
fits the document's schema, too, and its media are really pictures and sounds.
"""

from __future__ import annotations

from tests.providers.openapi.document import Document
from tests.providers.openapi.server import Described

__all__ = ["Described", "Document"]
