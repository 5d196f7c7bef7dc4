"""What every response says to the browser: nothing runs or loads that the page didn't name."""

from __future__ import annotations

import secrets

from flask import Flask, Response, current_app, g, request

from engage.config import Settings

CONTENT_SECURITY_POLICY = "Content-Security-Policy"


def csp_nonce() -> str:
    """This request's nonce, for the few inline <script> and <style> a page may need."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def staff_policy(nonce: str) -> str:
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _set_headers(response: Response) -> Response:
    headers = response.headers
    # A view that brings its own policy is a citizen page, whose path is a personal link: it must not travel even to ourselves.
    # Staff pages keep the path within our own origin, so that a refused form can lead back to where it stood.
    headers.setdefault("Referrer-Policy", "no-referrer" if CONTENT_SECURITY_POLICY in headers else "same-origin")
    headers.setdefault(CONTENT_SECURITY_POLICY, staff_policy(csp_nonce()))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
    settings: Settings = current_app.extensions["engage_settings"]
    if settings.base_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "web.static" and "Cache-Control" not in headers:
        # Pages name people; a shared computer's back button must not.
        headers["Cache-Control"] = "no-store"
    return response


def install(app: Flask) -> None:
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.after_request(_set_headers)
