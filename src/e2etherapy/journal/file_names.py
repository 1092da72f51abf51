"""Names of files in an export, which mean nothing to any file system or browser."""

from __future__ import annotations

import re
import unicodedata

_MAX_NAME = 80
_SCRIPTABLE = frozenset(
    {
        "atom",
        "ehtml",
        "hta",
        "htc",
        "htm",
        "html",
        "mathml",
        "mht",
        "mhtml",
        "mml",
        "rdf",
        "rss",
        "shtm",
        "shtml",
        "svg",
        "svgz",
        "xbl",
        "xht",
        "xhtm",
        "xhtml",
        "xml",
        "xsl",
        "xslt",
        "xul",
    }
)
"""What a browser, or a double click, opens as a page that may hold a script."""
_EMOJI_MARKS = re.compile("[\u200d\u20dd-\u20e4\ufe00-\ufe0f\U000e0000-\U000e01ef]")
"""Joiners, enclosing marks, variation selectors and tags."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def inert_name(name: str) -> str:
    """Return a safe file name that a browser shows as text if the file could hold a script."""
    safe = safe_name(name)
    return f"{safe}.txt" if safe.rpartition(".")[2].lower() in _SCRIPTABLE else safe


def safe_name(name: str) -> str:
    """Return a file name that means nothing to any file system: no path, no control characters.

    Letters of any language stay, in the form in which everybody types them. What not every program
    can unpack or show becomes _: emoji, and the marks that only turn other characters into them.
    """
    plain = unicodedata.normalize("NFKC", _EMOJI_MARKS.sub("", name))
    kept = "".join(
        character if unicodedata.category(character)[0] in "LNM" or character in " .-_" else "\0"
        for character in plain
    )
    kept = re.sub("\0+", "_", kept)
    trimmed = " ".join(kept.split()).strip(". ").replace("..", "_")
    while len(trimmed.encode()) > _MAX_NAME:
        stem, dot, ending = trimmed.rpartition(".")
        short = f"{stem[:-1].rstrip('. ')}.{ending}" if dot and len(ending) < len(stem) else ""
        trimmed = short or trimmed[:-1]
    trimmed = trimmed.strip(". ")
    if not trimmed or _RESERVED.fullmatch(trimmed):
        return f"file-{trimmed}".rstrip("-")
    return trimmed
