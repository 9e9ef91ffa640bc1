"""The reference of the language as a Markdown page, from the models: docs/language.md is this page."""

from __future__ import annotations

import types
from collections.abc import Iterator
from importlib import resources
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vbmake.project import generated, layers, motion, remotes, script, sounds, text_style, units
from vbmake.project import models as language
from vbmake.project.model import Model

# In the order of the page. Layers come with what they add to the ones before.
SECTIONS: tuple[type[Model], ...] = (
    language.Film,
    language.Format,
    language.Encode,
    language.Transition,
    language.CaptionsLook,
    language.Captions,
    language.Outputs,
    language.Poster,
    language.Gif,
    language.Scene,
    layers.Layer,
    layers.Framed,
    layers.Picture,
    layers.Playing,
    *layers.LAYER_KINDS.values(),
    layers.Gradient,
    layers.Freeze,
    motion.Show,
    motion.Effect,
    motion.Motion,
    motion.Animate,
    motion.PlaceKey,
    motion.NumberKey,
    text_style.TextStyle,
    text_style.Outline,
    text_style.Shadow,
    text_style.Box,
    sounds.Say,
    sounds.Voice,
    sounds.Sound,
    sounds.Music,
    script.ScriptRequest,
    script.ScriptImages,
    generated.Prompted,
    generated.PromptedImage,
    generated.PromptedClip,
    generated.PromptedSound,
    generated.Provider,
    generated.Budget,
    generated.Price,
    remotes.Cache,
    remotes.Sync,
    remotes.Store,
)
_WORDS: tuple[tuple[Any, str], ...] = (
    (units.Seconds, "time"),
    (units.Duration, "time"),
    (units.Offset, "length"),
    (units.Size, "length"),
    (units.Extent, "length"),
    (units.Gain, "gain"),
    (units.Duck, "gain"),
    (units.Color, "colour"),
    (units.AtPlace, "place"),
    (units.Anchor, "anchor"),
    (units.FrameRate, "frame rate"),
    (units.Canvas, "width x height"),
    (units.Share, "share"),
    (units.Angle, "angle"),
    (units.Factor, "factor"),
    (units.Language, "language tag"),
    (motion.Easing, "[easing](#easings)"),
    (motion.Span, "`[start, end]`, or the start"),
    (motion.APlaceKey, "`[time, length, easing]`"),
    (motion.ANumberKey, "`[time, number, easing]`"),
    (sounds.Said, "text, or [Say](#say)"),
    (sounds.WordOrVoice, "name, or [Voice](#voice)"),
    (text_style.WordOrStyle, "name, or [TextStyle](#textstyle)"),
    (language.AnyTransition, "`none`, a [kind](#transitions), or [Transition](#transition)"),
    (language.AnyQuality, "`draft`, `standard`, `high`, or [Encode](#encode)"),
    (list[language.Scene], "list of [Scene](#scene), or `{script: ...}` with a [ScriptRequest](#scriptrequest)"),
    (language.AnyLayer, "[layer](#layer)"),
    (generated.FileOrImage, "path, or [PromptedImage](#promptedimage)"),
    (generated.FileOrClip, "path, or [PromptedClip](#promptedclip)"),
    (generated.FileOrSound, "path, or [PromptedSound](#promptedsound)"),
    (generated.Account, "name"),
    (generated.Money, "amount such as `5 USD`"),
    (generated.AnyBudget, "amount such as `5 USD`, or [Budget](#budget)"),
    (remotes.S3Address, "`s3://bucket/prefix`"),
    (remotes.Endpoint, "address"),
    (remotes.Region, "text"),
    (str, "text"),
    (int, "whole number"),
    (float, "number"),
    (bool, "`true` or `false`"),
    (Any, "anything"),
)


_MADE = ("id",)  # what the loader makes where it is left out
_INSIDE = ("script",)  # what stands inside of another key


def language_page() -> str:
    """The whole page, as Markdown."""
    parts = [resources.files("vbmake.project").joinpath("language.md").read_text("utf-8").rstrip()]
    parts += [_section(model) for model in SECTIONS]
    parts.insert(1, "# Reference")
    parts.append("## Transitions\n\n" + ", ".join(f"`{kind}`" for kind in language.TRANSITIONS))
    parts.append("## Easings\n\n" + ", ".join(f"`{easing}`" for easing in motion.EASINGS))
    return "\n\n".join(parts) + "\n"


def _section(model: type[Model]) -> str:
    rows = [_row(name, field, hint) for name, field, hint in _fields(model)]
    about = " ".join((model.__doc__ or "").split())
    bases = [base for base in model.__bases__ if base is not Model]
    if bases:
        about += (
            " Beside what "
            + " and ".join(f"[{base.__name__}](#{base.__name__.lower()})" for base in bases)
            + " may say:"
        )
    return "\n".join(
        [f"## {model.__name__}", "", about, "", "| key | value | default | meaning |", "|---|---|---|---|", *rows]
    )


def _fields(model: type[Model]) -> Iterator[tuple[str, FieldInfo, Any]]:
    inherited = {name for base in model.__bases__ if issubclass(base, Model) for name in base.model_fields}
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        if name not in _INSIDE and (name not in inherited or name in model.__annotations__):
            yield field.alias or name, field, hints[name]


def _row(name: str, field: FieldInfo, hint: Any) -> str:
    default = "required" if field.is_required() and name not in _MADE else _default(field.default)
    return f"| `{name}` | {_type(hint)} | {default} | {field.description} |".replace("  ", " ")


def _default(value: Any) -> str:
    if value is PydanticUndefined or value is None or value == [] or value == {} or isinstance(value, Model):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(str(item) for item in value) + "]`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _type(hint: Any) -> str:
    for known, word in _WORDS:
        if hint == known:
            return word
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _type(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        return ", or ".join(_type(part) for part in parts if part is not type(None))
    if origin is list:
        return f"list of {_type(parts[0])}"
    if origin is dict:
        return f"{_type(parts[1])} by name"
    if origin is tuple:
        return "[" + ", ".join(_type(part) for part in parts) + "]"
    return f"[{hint.__name__}](#{hint.__name__.lower()})"


if __name__ == "__main__":
    print(language_page(), end="")
