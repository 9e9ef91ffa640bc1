"""QR codes (ISO/IEC 18004), drawn by segno."""

from __future__ import annotations

import segno

from vbmake.errors import FatalError
from vbmake.rules.work import Work


def draw_code(work: Work) -> None:
    """The option `text` as a QR code. Raises FatalError when it is too long for the error correction asked for."""
    options = work.options
    try:
        code = segno.make(options["text"], error=options["error"], micro=False, boost_error=False)
    except segno.DataOverflowError:
        size = len(options["text"].encode())
        raise FatalError(
            f"qr-code: a text of {size} bytes does not fit a QR code with error correction {options['error']}; "
            "shorten it, or say `error: L`"
        ) from None
    code.save(
        str(work.outputs["image"]),
        kind="png",
        scale=options["module"],
        border=options["quiet"],
        dark=_shade(options["dark"]),
        light=_shade(options["light"]),
    )


def _shade(color: str) -> str | None:
    """`#rrggbbaa` as segno wants it: None for what is wholly transparent."""
    return None if color.endswith("00") and len(color) == 9 else color
