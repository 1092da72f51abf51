"""The instruments that come with the package say what their developers say."""

from __future__ import annotations

import re

import msgspec
import pytest

from e2etherapy.errors.therapy import InvalidInstrument
from e2etherapy.therapy.instruments.definition import Instrument
from e2etherapy.therapy.instruments.pack import IN_HOUSE, core, instrument, offered
from e2etherapy.therapy.instruments.reading import read_instrument
from e2etherapy.therapy.instruments.sentences import sentences

PHQ_NOTICE = (
    "Developed by Drs. Robert L. Spitzer, Janet B.W. Williams, Kurt Kroenke and colleagues, "
    "with an educational grant from Pfizer Inc. No permission required to reproduce, translate, "
    "display or distribute."
)
IN_HOUSE_NOTICE = "In-house, not validated: no bands, no cut-off, no reliable change."
PATTERN = {
    "id": "x",
    "label": "x",
    "needs": [{"items": ["open"], "at_least": 1, "count": 1}],
    "source": "x",
}
NOT_BUNDLED = {"wsas", "wai-sr", "srs", "ors", "haq-ii", "c-ssrs", "core-10", "who-5"}
EVERY = pytest.mark.parametrize("scale", core(), ids=lambda scale: scale.id)


@EVERY
def test_the_id_is_the_name_of_the_file(scale: Instrument) -> None:
    assert instrument(scale.id) is scale


def test_what_may_not_be_distributed_is_not_in_the_pack() -> None:
    assert not NOT_BUNDLED & {scale.id for scale in offered()}


def test_an_unknown_instrument_is_refused_with_a_list() -> None:
    with pytest.raises(InvalidInstrument, match=r"There are: phq-9, phq-8, .*, k10, connection"):
        instrument("../phq-9")


@EVERY
def test_the_wording_was_compared_in_two_copies(scale: Instrument) -> None:
    copies = {source.text for source in scale.sources if source.of == "wording"}
    assert len(copies) >= 2
    assert scale.wording_status == "two copies agree"


@EVERY
def test_wording_scoring_and_codes_each_say_where_they_are_from(scale: Instrument) -> None:
    assert {"wording", "scoring", "codes"} <= {source.of for source in scale.sources}
    assert scale.notice.strip()


@pytest.mark.parametrize("name", ["phq-9", "phq-8", "phq-4", "phq-2", "gad-7", "gad-2"])
def test_the_notice_of_phq_and_gad_is_verbatim(name: str) -> None:
    assert instrument(name).notice == PHQ_NOTICE


@pytest.mark.parametrize("name", ["k6", "k10"])
def test_the_notice_of_the_kessler_scales_comes_first(name: str) -> None:
    notice = instrument(name).notice
    assert notice.startswith("© World Health Organization 2003. All rights reserved.")


def test_shorter_forms_ask_the_questions_of_the_longer_ones() -> None:
    phq, gad = instrument("phq-9").scored, instrument("gad-7").scored
    assert instrument("phq-8").items == phq[:8]
    assert instrument("phq-2").items == phq[:2]
    assert instrument("gad-2").items == gad[:2]
    assert instrument("phq-4").items == gad[:2] + phq[:2]


def test_the_k6_is_six_of_the_ten_questions_of_the_k10() -> None:
    six = [item.wording for item in instrument("k6").items]
    assert six == [item.wording for item in instrument("k10").items if item.wording in six]


def test_only_the_phq_9_asks_about_harm() -> None:
    assert [scale.id for scale in offered() if scale.priority] == ["phq-9"]
    item = instrument("phq-9").item("harm")
    assert item.wording.startswith("Thoughts that you would be better off dead")


def test_change_is_judged_only_where_a_figure_is_published() -> None:
    figures = {
        scale.id: scale.reliable_change.points for scale in offered() if scale.reliable_change
    }
    assert figures == {"phq-9": 6, "gad-7": 4}
    cases = {scale.id: scale.caseness.at_least for scale in offered() if scale.caseness}
    assert cases == {"phq-9": 10, "gad-7": 8}


def test_missing_answers_are_filled_in_only_where_a_rule_is_published() -> None:
    allowed = {scale.id for scale in offered() if scale.scoring.missing.most}
    assert allowed == {"phq-9", "phq-8", "gad-7"}


@EVERY
def test_an_instrument_promises_nothing(scale: Instrument) -> None:
    labels = [band.label for band in scale.bands] + [cut.label for cut in scale.cuts]
    assert not [label for label in labels if re.search(r"diagnos", label, re.IGNORECASE)]


@EVERY
def test_an_instrument_shows_itself_by_its_id(scale: Instrument) -> None:
    assert repr(scale) == f"<Instrument {scale.id}>"


def test_an_instrument_in_words_of_our_own_is_labelled_and_claims_nothing() -> None:
    own = [scale.id for scale in offered() if scale.is_in_house]
    assert tuple(own) == IN_HOUSE == ("connection",)
    scale = instrument("connection")
    assert (scale.scoring.lowest, scale.scoring.highest) == (0, 20)
    assert "in-house, not validated" in scale.title
    assert scale.notice.startswith(IN_HOUSE_NOTICE)
    assert IN_HOUSE_NOTICE in sentences(scale, [])
    encoded = msgspec.json.encode(scale).decode()
    for claim in ("LA[0-9]", '[0-9]-[0-9]"', '"at_least"'):
        assert not re.search(claim, encoded.replace(scale.verified.isoformat(), "")), claim


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("bands", [{"from": 0, "to": 20, "label": "x", "source": "x"}]),
        ("cuts", [{"id": "x", "label": "x", "at_least": 10, "source": "x"}]),
        ("patterns", [PATTERN]),
        ("reliable_change", {"points": 4, "source": "x"}),
        ("caseness", {"at_least": 10, "source": "x"}),
        ("second_look", {"item": "open", "sentence": "x", "source": "x"}),
        ("loinc", {"total": "44261-6"}),
    ],
)
def test_no_claim_can_be_added_to_it(member: str, value: object) -> None:
    whole = msgspec.json.decode(msgspec.json.encode(instrument("connection")))
    with pytest.raises(InvalidInstrument, match="in words of our own"):
        read_instrument(msgspec.json.encode(whole | {member: value}), "x.json")
