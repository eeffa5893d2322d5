"""Who may talk to the app: pages of this machine, and of names that were given, alone.

The app listens on 127.0.0.1, but any website can make a visitor's browser connect there, under its
own name if that name leads to this machine (DNS rebinding). Each request is refused whose `Host` or
`Origin` is not the app's own, or that another site's page makes for a part of the app.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = ("127.0.0.1", "localhost", "::1")

# Nothing is loaded from elsewhere, whatever a page should come to contain, and no page of another
# site shows the app inside itself. Streamlit's styles are inline; components are blobs.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
}


class Guard:
    """Refuses what does not come from the app's own pages, before anything else sees it.

    Args:
        app: what is guarded.
        hosts: names under which the app is reached beside those of this machine, as behind a proxy.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._given = {name.lower() for name in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        why = self._refusal(scope)
        if why is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http":
            await PlainTextResponse(f"{why}\n", 403, HEADERS)(scope, receive, send)
        else:  # closed before it was accepted: the server answers 403
            await send({"type": "websocket.close", "code": 1008, "reason": why})

    def _refusal(self, scope: Scope) -> str | None:
        """Why a request is refused, in one line; None: it is not."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        for name in ("host", "origin"):
            if len(headers.get(name, ())) > 1:
                return f"more than one {name.capitalize()}"
        host = headers.get("host", [""])[0]
        if _name(host) not in (*LOCAL, *self._given):
            return f"this app is not reached as {_shown(host)}; see optviz app --allow-host"
        for origin in headers.get("origin", ()):
            scheme, _, place = origin.partition("://")
            same = scheme in ("http", "https") and place.lower() == host.lower()
            if not same and _name(place) not in self._given:
                return f"pages of {_shown(origin)} may not use this app"
        fetch = [headers.get(f"sec-fetch-{what}", [""])[0] for what in ("site", "mode")]
        if fetch[0] in ("cross-site", "same-site") and fetch[1] != "navigate":
            return "pages of other sites may not use this app"
        return None


def _name(host: str) -> str | None:
    """`localhost` of `LOCALHOST:8501`; None: that is no name with a port."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018  # raises on a port that is none
    except ValueError:
        return None
    extra = parts.path or parts.query or parts.fragment or "@" in host
    return None if extra else (parts.hostname or "").removesuffix(".")


def _shown(text: str) -> str:
    return ascii(text[:100])


def _with_headers(send: Send) -> Send:
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept: Any = [pair for pair in message["headers"] if pair[0].decode() not in HEADERS]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return sent
