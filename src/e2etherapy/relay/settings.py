"""What an operator decides about a relay, however it was said."""

from __future__ import annotations

from dataclasses import dataclass

from e2etherapy.relay.database_place import DatabasePlace
from e2etherapy.relay.limits import STANDARD, STOP_SECONDS, Limits
from e2etherapy.relay.listening import Certificate, ListenAddress


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where counts are shown, and after how many seconds they change."""

    listen: ListenAddress
    seconds: float


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides."""

    listen: ListenAddress
    database: DatabasePlace
    certificate: Certificate | None = None
    behind_proxy: bool = False
    """A proxy in front does TLS, so that listening on other than loopback is no mistake."""
    limits: Limits = STANDARD
    """What the process takes on, as far as it may open so many files."""
    metrics: MetricsSettings | None = None
    stop_seconds: float = STOP_SECONDS
    """What is in flight at a stop may take so long."""
