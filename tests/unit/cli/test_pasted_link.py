"""A link is found in whatever a program has made of it, if it is the only one."""

from __future__ import annotations

import pytest

from e2etherapy.cli import pasted_link
from e2etherapy.errors import InvalidLink
from e2etherapy.wire.invitation import InvitationLink

SECRET = "Zm9yIG5vYm9keSBidXQgeW91LCBhbmQgb25seSBvbmM"
LINK = f"e2etherapy://relay.example:8443/#{SECRET}"
OTHER = f"e2etherapy://relay.example:8443/#{SECRET[::-1]}"
PASTED = {
    "alone": LINK,
    "white space around": f"\n\t {LINK} \r\n",
    "words around": f"Here it is: {LINK}. See you on Monday!",
    "angle brackets": f"<{LINK}>",
    "quotation marks": f"\u201c{LINK}\u201d",
    "markdown": f"[join]({LINK})",
    "an upper-case scheme": LINK.replace("e2etherapy", "E2ETHERAPY"),
    "a capital letter": LINK.replace("e2etherapy", "E2etherapy"),
    "an upper-case host": LINK.replace("relay.example", "RELAY.example"),
    "without the slash": LINK.replace("/#", "#"),
    "folded": f"{LINK[:40]}\n{LINK[40:]}",
    "folded several times, indented": f"{LINK[:12]}\r\n  {LINK[12:50]}\r\n\t{LINK[50:]}\r\n",
    "folded and quoted": f"> {LINK[:40]}\n> {LINK[40:]}\n> See you",
    "quoted-printable": f"{LINK[:40]}=\r\n{LINK[40:]}\r\n",
    "folded, with words on the next line": f"{LINK[:40]}\n{LINK[40:]}\nSee you on Monday",
    "a place to break without width": f"{LINK[:40]}\u200b{LINK[40:]}",
    "twice the same": f"{LINK}\n\nAs a link: {LINK}",
    "a byte order mark": f"\ufeff{LINK}",
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED)
def test_one_link_is_found_whatever_is_around_and_in_it(text: str) -> None:
    found = pasted_link.find(text)
    assert found == LINK
    assert InvitationLink.parse(found).text() == LINK


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        LINK[:-1],
        f"{LINK}x",
        LINK.replace("e2etherapy://", "https://"),
        LINK.replace("://", ":"),
        f"{LINK[:-1]}.",
        f"{LINK[:30]} {LINK[30:]}",
    ],
)
def test_what_is_no_whole_link_is_not_made_one(text: str) -> None:
    assert pasted_link.find(text) is None


@pytest.mark.parametrize("between", [" ", "\n", " or "])
def test_of_several_links_none_is_chosen(between: str) -> None:
    with pytest.raises(InvalidLink, match="2 different"):
        pasted_link.find(f"{LINK}{between}{OTHER}")
