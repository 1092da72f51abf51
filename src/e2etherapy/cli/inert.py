"""Making a text safe to show at a terminal: what could steer the terminal is made visible.

For human output only; JSON carries a text as it is.
"""

from __future__ import annotations

_KEPT = {"\n", "\t"}
_FIRST_PRINTABLE = 0x20
_DELETE = 0x7F
_LAST_C1 = 0x9F
_CONTROL_PICTURES = 0x2400
_DELETE_PICTURE = "\u2421"
_NAMED = {
    "\u2028": "⟨LINE SEPARATOR⟩",
    "\u2029": "⟨PARAGRAPH SEPARATOR⟩",
    "\u202a": "⟨LRE⟩",
    "\u202b": "⟨RLE⟩",
    "\u202c": "⟨PDF⟩",
    "\u202d": "⟨LRO⟩",
    "\u202e": "⟨RLO⟩",
}
_ISOLATES = {"\u2066", "\u2067", "\u2068"}
_END_OF_ISOLATE = "\u2069"


def inert(text: str) -> str:
    """Return a text of several lines in which no character controls the terminal.

    Newlines and tabs stay, CR LF becomes a newline. Other control characters (C0, DEL, C1) and
    bidirectional embeddings and overrides are shown as signs; isolates end with their line.
    """
    return "\n".join(_line(line) for line in text.replace("\r\n", "\n").split("\n"))


def inert_line(text: str) -> str:
    """Return a text on one line, for names and excerpts."""
    return " ".join(inert(text).split())


def _line(line: str) -> str:
    shown = []
    open_isolates = 0
    for character in line:
        if character in _ISOLATES:
            open_isolates += 1
        elif character == _END_OF_ISOLATE:
            if not open_isolates:
                continue
            open_isolates -= 1
        shown.append(_sign(character))
    return "".join(shown) + _END_OF_ISOLATE * open_isolates


def _sign(character: str) -> str:
    code = ord(character)
    if character in _KEPT:
        return character
    if code < _FIRST_PRINTABLE:
        return chr(_CONTROL_PICTURES + code)
    if code == _DELETE:
        return _DELETE_PICTURE
    if _DELETE < code <= _LAST_C1:
        return f"⟨{code:02X}⟩"
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return _NAMED.get(character, character)
