"""Which size in px to ask of one of OpenAI's image models, for the size that a film wants. Pure."""

from __future__ import annotations

import math
from typing import Final

Size = tuple[int, int]

# Of gpt-image-2 and its successors: "any WxH divisible by 16", with these limits (OpenAI's image guide).
GRID: Final = 16
LONGEST_EDGE: Final = 3840
WIDEST: Final = 3
FEWEST: Final = 655_360
MOST: Final = 8_294_400

THREE: Final[tuple[Size, ...]] = ((1024, 1024), (1536, 1024), (1024, 1536))
DALL_E_3: Final[tuple[Size, ...]] = ((1024, 1024), (1792, 1024), (1024, 1792))
DALL_E_2: Final[tuple[Size, ...]] = ((256, 256), (512, 512), (1024, 1024))


def is_gpt_image(model: str) -> bool:
    """Whether `model` is of the family that takes no `response_format` and always answers with base64."""
    return model.startswith(("gpt-image-", "chatgpt-image-"))


def is_dall_e(model: str) -> bool:
    return model in ("dall-e-2", "dall-e-3")


def size_for(model: str, width: int, height: int) -> Size:
    """The size to ask for, so that scaling and cropping to width x height loses least; as asked for unknown models."""
    if model.startswith(("gpt-image-1", "chatgpt-image-")):
        return nearest(THREE, width, height)
    if is_gpt_image(model):
        return free_size(width, height)
    if model == "dall-e-3":
        return nearest(DALL_E_3, width, height)
    if model == "dall-e-2":
        return nearest(DALL_E_2, width, height)
    return width, height


def nearest(sizes: tuple[Size, ...], width: int, height: int) -> Size:
    """The size of the nearest aspect; among equal ones the smallest that covers width x height, else the largest."""
    asked = math.log(width / height)

    def rank(size: Size) -> tuple[float, bool, int]:
        covers = size[0] >= width and size[1] >= height
        area = size[0] * size[1]
        return abs(math.log(size[0] / size[1]) - asked), not covers, area if covers else -area

    return min(sizes, key=rank)


def free_size(width: int, height: int) -> Size:
    """The smallest size on the grid that covers width x height, within the limits.

    What is too narrow is widened to 1:3, what is too small is scaled up, what is too large is scaled down.
    """
    wide, high = max(width, math.ceil(height / WIDEST)), max(height, math.ceil(width / WIDEST))
    scale = max(1.0, math.sqrt(FEWEST / (wide * high)))
    scale = min(scale, LONGEST_EDGE / max(wide, high), math.sqrt(MOST / (wide * high)))
    # the tolerance keeps 1280.0000000002 from becoming 1296
    across, down = (math.ceil(side * scale / GRID - 1e-9) * GRID for side in (wide, high))
    while across * down > MOST:  # rounding up went over the limit: the longer side gives way
        across, down = (across - GRID, down) if across >= down else (across, down - GRID)
    return across, down
