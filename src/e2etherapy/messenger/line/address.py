"""The address of a relay, as a person types it and as an invitation link names it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from e2etherapy.errors import InvalidLink
from e2etherapy.wire.invitation import InvitationLink, LinkSecret


def relay_url(text: str) -> str:
    """Return a relay's base URL from what a person typed or a link names.

    Raises:
        InvalidLink: not an http(s) URL, http to another machine, or no link could carry it.
    """
    given = text.strip()
    try:
        if "://" not in given:
            loopback = _is_loopback(urlsplit(f"//{given}").hostname)
            given = f"{'http' if loopback else 'https'}://{given}"
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidLink(f"{text!r} is not the address of a relay.") from None
    more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    address = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    if parts.scheme not in {"http", "https"} or more or not _fits_a_link(address):
        raise InvalidLink(
            f"{text!r} is not the address of a relay. It looks like https://relay.example or "
            "http://127.0.0.1:8700."
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidLink("A relay on another machine must be reached by https.")
    return f"{parts.scheme}://{address}"


def _fits_a_link(address: str) -> bool:
    """Say whether whoever gets an invitation could read this host and port in its link."""
    try:
        link = InvitationLink.parse(InvitationLink(address, LinkSecret(bytes(32))).text())
    except InvalidLink:
        return False
    return link.relay_host == address


def relay_host(url: str) -> str:
    """Return the host and port of a relay's URL, as an invitation link shows it."""
    return urlsplit(url).netloc


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
