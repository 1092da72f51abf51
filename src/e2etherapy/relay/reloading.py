"""Taking up a new certificate and new limits without dropping a connection (SIGHUP)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from e2etherapy.errors import InvalidCertificate, InvalidConfiguration, RelaySetupError
from e2etherapy.relay.app import Relay
from e2etherapy.relay.http import RelayServer
from e2etherapy.relay.limits import figures, limits_of_this_process
from e2etherapy.relay.log import RelayLog
from e2etherapy.relay.settings import Settings
from e2etherapy.relay.tls import CurrentCertificate

_LIVE = frozenset({"certificate", "limits"})


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a running relay that can take something up."""

    settings: Settings
    relay: Relay
    server: RelayServer
    tls: CurrentCertificate | None


class Reloading:
    """Reads the settings again when told to, and gives them to the relay that runs."""

    def __init__(self, reread: Callable[[], Settings], log: RelayLog) -> None:
        self._reread = reread
        self._log = log
        self._running: Running | None = None

    def attach(self, running: Running) -> None:
        """Remember what is to take things up."""
        self._running = running

    def now(self) -> None:
        """Take up what was changed, all of it or, where a part cannot be used, nothing."""
        running = self._running
        if running is None:
            return
        try:
            settings = self._reread()
            if running.tls is not None and settings.certificate is not None:
                running.tls.exchange(settings.certificate)
        except InvalidCertificate as problem:
            # Its sentences name no file.
            self._log.reload_refused("tls_certificate", str(problem))
        except InvalidConfiguration as problem:
            self._log.reload_refused(problem.setting, problem.reason)
        except RelaySetupError:
            self._log.reload_refused(None, "What is set cannot be used.")
        else:
            limits = limits_of_this_process(settings.limits)
            running.relay.adopt(limits)
            running.server.adopt(limits)
            self._log.reloaded(_waiting_for_a_restart(running.settings, settings))


def _waiting_for_a_restart(old: Settings, new: Settings) -> list[str]:
    changed = [
        field.name
        for field in fields(new)
        if field.name not in _LIVE and getattr(old, field.name) != getattr(new, field.name)
    ]
    if (old.certificate is None) != (new.certificate is None):
        changed.append("certificate")
    limits = [
        name
        for name, (_, figure) in figures().items()
        if not figure.live and getattr(old.limits, name) != getattr(new.limits, name)
    ]
    return changed + limits
