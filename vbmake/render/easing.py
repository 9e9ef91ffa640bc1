"""Easing curves: how far a movement has come (0 to 1, some overshoot) at a moment of its time (0 to 1).

The formulas are Robert Penner's ("Programming Macromedia Flash MX", chapter 7), named as animation programs do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

Curve = Callable[[float], float]

_BACK = 1.70158  # Penner's constant: an overshoot of 10 %


def _power(degree: int, t: float) -> float:
    return float(t**degree)


def _sine(t: float) -> float:
    return 1 - math.cos(t * math.pi / 2)


def _expo(t: float) -> float:
    return 0.0 if t <= 0 else math.pow(2, 10 * (t - 1))


def _circ(t: float) -> float:
    return 1 - math.sqrt(max(0.0, 1 - t * t))


def _back(t: float, overshoot: float = _BACK) -> float:
    return t * t * ((overshoot + 1) * t - overshoot)


def _elastic(t: float, period: float = 0.3) -> float:
    if t <= 0 or t >= 1:
        return float(t >= 1)
    return -math.pow(2, 10 * (t - 1)) * math.sin((t - 1 - period / 4) * 2 * math.pi / period)


def _bounce_out(t: float) -> float:
    for end, middle, rest in ((1.0, 0.0, 0.0), (2.0, 1.5, 0.75), (2.5, 2.25, 0.9375)):
        if t < end / 2.75:
            return 7.5625 * (t - middle / 2.75) ** 2 + rest
    return 7.5625 * (t - 2.625 / 2.75) ** 2 + 0.984375


def _bounce(t: float) -> float:
    return 1 - _bounce_out(1 - t)


def _out(curve: Curve, t: float) -> float:
    return 1 - curve(1 - t)


def _in_out(curve: Curve, t: float) -> float:
    return curve(2 * t) / 2 if t < 0.5 else 1 - curve(2 - 2 * t) / 2


def _curves() -> dict[str, Curve]:
    families: dict[str, Curve] = {
        "quad": partial(_power, 2),
        "cubic": partial(_power, 3),
        "quart": partial(_power, 4),
        "quint": partial(_power, 5),
        "sine": _sine,
        "expo": _expo,
        "circ": _circ,
        "back": _back,
        "elastic": _elastic,
        "bounce": _bounce,
    }
    curves: dict[str, Curve] = {"linear": float}
    for name, curve in families.items():
        curves[f"in-{name}"] = curve
        curves[f"out-{name}"] = partial(_out, curve)
        curves[f"in-out-{name}"] = partial(_in_out, curve)
    # Penner gives back and elastic longer swings when they go both ways.
    curves["in-out-back"] = partial(_in_out, partial(_back, overshoot=_BACK * 1.525))
    curves["in-out-elastic"] = partial(_in_out, partial(_elastic, period=0.45))
    for short in ("in", "out", "in-out"):
        curves[f"ease-{short}"] = curves[f"{short}-cubic"]
    return curves


CURVES = _curves()
"""Every easing by name."""


def ease(name: str, t: float) -> float:
    """The progress at time `t` (clamped to 0..1) along the easing `name`: 0 at 0 and 1 at 1. Raises KeyError."""
    if t <= 0:
        return 0.0
    return 1.0 if t >= 1 else CURVES[name](t)
