"""QR codes (ISO/IEC 18004), made by segno."""

from __future__ import annotations

import numpy as np
import segno

from vbmake.errors import FatalError, JobError
from vbmake.render.opencv import cv2
from vbmake.rules.work import Work


def draw_code(work: Work) -> None:
    """The option `text` as a QR code. Raises FatalError when it is too long for the error correction asked for."""
    options = work.options
    text = options["text"]
    try:
        # Without a say segno takes Latin-1, and for some accents Kanji: telephones read neither as it was meant.
        code = segno.make(text, error=options["error"], encoding="utf-8", micro=False, boost_error=False)
    except segno.DataOverflowError:
        raise FatalError(
            f"qr-code: a text of {len(text)} letters does not fit a QR code with error correction {options['error']}; "
            "shorten it" + ("" if options["error"] == "L" else ", or say `error: L`")
        ) from None
    squares = np.pad(np.array([list(row) for row in code.matrix], dtype=np.intp), options["quiet"])
    colors = np.array([_bgra(options["light"]), _bgra(options["dark"])], dtype=np.uint8)
    # Always with an alpha channel: readers disagree about palettes and single colours that are transparent.
    picture = colors[squares].repeat(options["module"], axis=0).repeat(options["module"], axis=1)
    made, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not made:
        raise JobError("qr-code: the picture could not be written as PNG; ask for smaller modules")
    work.outputs["image"].write_bytes(data.tobytes())


def _bgra(color: str) -> tuple[int, int, int, int]:
    red, green, blue, alpha = (int(color[at : at + 2], 16) for at in (1, 3, 5, 7))
    return blue, green, red, alpha
