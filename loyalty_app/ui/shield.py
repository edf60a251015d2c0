"""The outermost layer: security headers, where requests may come from, and no cookie inside the framework."""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loyalty_app.core import secrets

COOKIE = "loyalty_session"
DEVICE_COOKIE = "loyalty_device"
PROTOCOL = frozenset({b"host", b"upgrade", b"connection", b"user-agent"})
"""Which headers of a websocket the framework gets to see."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
A_YEAR = "public, max-age=31536000, immutable"
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


def session_secret(cookie_header: str) -> str:
    """Return the session's secret from a Cookie header, or nothing."""
    # The standard library's parser gives up on all cookies where another program's is unusual.
    return cookie_parser(cookie_header).get(COOKIE, "")


def device_secret(cookie_header: str) -> str:
    """Return the secret of an enrolled device from a Cookie header, or nothing."""
    return cookie_parser(cookie_header).get(DEVICE_COOKIE, "")


def content_security_policy(pages: Iterable[Path]) -> str:
    """Return the policy for the built pages: scripts from here, and their few inline ones by hash."""
    scripts = {script for page in pages for script in _INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))}
    digests = sorted(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    hashes = "".join(f" 'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'self'; script-src 'self'{hashes} 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'self';"
        " form-action 'self'; object-src 'none'"
    )


class Shield:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, policy: str, trusted_proxies: frozenset[str], public_url: str = "") -> None:
        """Take the content security policy, the proxies whose word about the caller counts, and our public address."""
        self._app = app
        self._public_host = urlsplit(public_url).netloc
        self._proxies = trusted_proxies
        # A script's hash matters in a page only, and all of them together weigh more than most other files.
        self._policies = {True: policy, False: content_security_policy([])}
        self._headers = {
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "permissions-policy": "camera=(self), microphone=(), geolocation=()",
            "cross-origin-opener-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or websocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        scope = self._behind_proxy(scope)
        headers = Headers(scope=scope)
        if not self._is_same_origin(scope, headers):
            await _refuse(scope, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await self._app(_without_cookie(scope, headers), receive, send)
        else:
            await self._app(scope, receive, self._with_headers(scope, send))

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # "Not modified" has no type, and a browser takes the policy of it for the page that it kept.
                is_page = headers.get("content-type", "text/html").startswith("text/html")
                headers.setdefault("content-security-policy", self._policies[is_page])
                if scope["scheme"] == "https":
                    headers.setdefault("strict-transport-security", "max-age=31536000")
                if scope["path"].startswith("/assets/") and message["status"] == 200:  # noqa: PLR2004
                    headers["cache-control"] = A_YEAR  # their names carry a hash of the content
            await send(message)

        return out

    def _is_same_origin(self, scope: Scope, headers: Headers) -> bool:
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return True
        origin = headers.get("origin")
        if origin is not None:
            # A proxy may put its own name into Host; the public address is ours as well.
            return origin.partition("://")[2] in {headers.get("host"), self._public_host} - {""}
        if scope["type"] == "websocket":
            return True  # only programs leave it out, and they bring no cookie of somebody else's
        return headers.get("sec-fetch-site") in {"same-origin", "none"} or "cookie" not in headers

    def _behind_proxy(self, scope: Scope) -> Scope:
        client = scope.get("client")
        if not client or client[0] not in self._proxies:
            return scope
        headers = Headers(scope=scope)
        forwarded = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        # From the right: the first hop that is not one of our proxies is the caller; what is left of it is hearsay.
        peer = next((hop for hop in reversed(forwarded) if hop not in self._proxies), client[0])
        secure = headers.get("x-forwarded-proto", "").strip().lower() in {"https", "wss"}
        scheme = scope["scheme"] + "s" if secure and not scope["scheme"].endswith("s") else scope["scheme"]
        return {**scope, "client": (peer, client[1]), "scheme": scheme}


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "origin"})
        return
    await PlainTextResponse("This request came from another site.", 403)(scope, receive, send)


def _without_cookie(scope: Scope, headers: Headers) -> Scope:
    # The framework keeps a websocket's headers, logs them and sends them back to the browser: it gets what the
    # protocol needs, and the session's fingerprint instead of its secret. The origin is checked above and left out,
    # so that a tablet may use the machine's own address.
    secret = session_secret("; ".join(headers.getlist("cookie")))
    kept = [(name, value) for name, value in scope["headers"] if name in PROTOCOL or name.startswith(b"sec-websocket-")]
    if secret:
        kept.append((b"cookie", b"sh=" + secrets.fingerprint(secret).encode()))
    return {**scope, "headers": kept}
