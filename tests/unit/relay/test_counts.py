"""Counts are numbers of the whole relay."""

from __future__ import annotations

from e2etherapy.relay.counts import Counts, Histogram


def test_a_value_counts_in_every_bucket_that_it_fits_into() -> None:
    histogram = Histogram((1.0, 2.0, 4.0))
    for value in (0.5, 1.0, 1.5, 4.0, 9.0):
        histogram.observe(value)
    assert list(histogram.cumulative()) == [("1.0", 2), ("2.0", 3), ("4.0", 4), ("+Inf", 5)]
    assert histogram.total == 16.0


def test_a_request_counts_under_its_operation_and_class_of_status_alone() -> None:
    counts = Counts()
    counts.request("deposit", 204, 0.01)
    counts.request("deposit", 404, 0.01)
    counts.request("collect", 200, 0.01)
    counts.request(None, 404, 0.01)
    assert counts.requests == {
        ("deposit", "2xx"): 1,
        ("deposit", "4xx"): 1,
        ("collect", "2xx"): 1,
        ("unknown", "4xx"): 1,
    }
    assert dict(counts.deposit_seconds.cumulative())["+Inf"] == 2


def test_what_expired_adds_up() -> None:
    counts = Counts()
    counts.expiry(3, 1)
    counts.expiry(2, 0)
    assert counts.expired == {"envelope": 5, "invitation": 1}
