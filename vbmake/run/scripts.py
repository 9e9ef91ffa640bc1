"""Which languages are written in letters that the fonts that come with vbmake do not draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Letters of each script, and the languages (ISO 639) that are written in it alone.
_SCRIPTS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "Arabic": ("ابت", frozenset({"ar", "fa", "ur", "ps", "sd", "ug", "ckb"})),
    "Hebrew": ("אבג", frozenset({"he", "iw", "yi"})),
    "Devanagari": ("कखग", frozenset({"hi", "mr", "ne", "sa"})),
    "Bengali": ("কখগ", frozenset({"bn", "as"})),
    "Gurmukhi": ("ਕਖਗ", frozenset({"pa"})),
    "Gujarati": ("કખગ", frozenset({"gu"})),
    "Oriya": ("କଖଗ", frozenset({"or"})),
    "Tamil": ("கஙச", frozenset({"ta"})),
    "Telugu": ("కఖగ", frozenset({"te"})),
    "Kannada": ("ಕಖಗ", frozenset({"kn"})),
    "Malayalam": ("കഖഗ", frozenset({"ml"})),
    "Sinhala": ("කඛග", frozenset({"si"})),
    "Thai": ("กขค", frozenset({"th"})),
    "Lao": ("ກຂຄ", frozenset({"lo"})),
    "Khmer": ("កខគ", frozenset({"km"})),
    "Burmese": ("ကခဂ", frozenset({"my"})),
    "Tibetan": ("ཀཁག", frozenset({"bo", "dz"})),
    "Ethiopic": ("ሀለሐ", frozenset({"am", "ti"})),
    "Georgian": ("აბგ", frozenset({"ka"})),
    "Armenian": ("աբգ", frozenset({"hy"})),
    "Chinese": ("的一是", frozenset({"zh", "cmn", "yue", "wuu"})),
    "Japanese": ("のはア", frozenset({"ja"})),
    "Korean": ("한국어", frozenset({"ko"})),
}


def undrawn(language: str) -> str:
    """The script of a language (zh, ar-EG ...) that the fonts lack; "" where they draw it, or it may be in theirs."""
    base, *rest = language.lower().replace("_", "-").split("-")
    if "latn" in rest or "cyrl" in rest:
        return ""
    found = next(((name, letters) for name, (letters, spoken) in _SCRIPTS.items() if base in spoken), None)
    if found is None:
        return ""
    from vbmake import resources
    from vbmake.render.fonts import missing_glyphs  # it is read only for these languages

    return found[0] if missing_glyphs(found[1], resources.path(resources.DEFAULT_FONT)) else ""
