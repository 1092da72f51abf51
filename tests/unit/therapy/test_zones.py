from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from e2etherapy.errors.therapy import UnknownZone
from e2etherapy.therapy import zones


def test_every_zone_that_is_listed_can_be_used() -> None:
    assert len(zones.names()) > 400
    for name in zones.names():
        zone = zones.zone(name)
        assert zone.key == name
        assert datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone).utcoffset() is not None


@pytest.mark.parametrize(
    "name",
    [
        *("", "Dublin", "europe/dublin", "Europe", "../etc/passwd", "/etc/localtime", "localtime"),
        *("Europe/Dublin\x00", "Europe//Dublin", "posixrules", "Factory", "x" * 5_000, "\ud800"),
    ],
)
def test_what_is_no_name_of_a_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zones.zone(name)


@pytest.mark.parametrize(
    ("words", "name"),
    [("Dublin", "Europe/Dublin"), ("new york", "America/New_York"), ("utc", "UTC")],
)
def test_a_refusal_names_the_zone_that_may_be_meant(words: str, name: str) -> None:
    assert name in zones.likely(words)
    with pytest.raises(UnknownZone, match=name):
        zones.zone(words)


@pytest.mark.nightly
def test_no_zone_sets_its_clock_twice_within_three_days() -> None:
    """On this rests how working time finds the moment of a change: it looks for one at most."""
    day = timedelta(days=1)
    for name in zones.names():
        zone = zones.zone(name)
        moment, last = datetime(1970, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
        ahead = moment.astimezone(zone).utcoffset()
        changed = moment - 4 * day
        while moment < last:
            moment += day
            before, ahead = ahead, moment.astimezone(zone).utcoffset()
            if before != ahead:
                assert moment - changed > 4 * day, (name, moment)
                changed = moment
