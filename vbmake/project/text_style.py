"""How a text looks: styles, with outline, shadow and box."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from vbmake.project.model import Model, word_or_mapping
from vbmake.project.units import Color, Extent, Length, Offset, Size


class Outline(Model):
    """The line around letters."""

    width: Extent = Field(description="Its width, in % of the format's height or px.")
    color: Color = Field(default="#000000ff", description="Its colour.")


class Shadow(Model):
    """The shadow that letters throw."""

    x: Offset = Field(default=Length(0.2, "%"), description="How far to the right.")
    y: Offset = Field(default=Length(0.2, "%"), description="How far down.")
    blur: Extent = Field(default=Length(0.3, "%"), description="How soft its edge is.")
    color: Color = Field(default="#000000b0", description="Its colour.")


class Box(Model):
    """A box behind a text."""

    color: Color = Field(default="#000000a0", description="Its colour.")
    padding: Extent = Field(default=Length(1.5, "%"), description="Room between the letters and its edge.")
    radius: Extent = Field(default=Length(1.0, "%"), description="The radius of its corners.")


class TextStyle(Model):
    """How a text looks. Every field left out comes from the style named by `like`, else from the default."""

    like: str | None = Field(default=None, description="The style (of `styles`) that this one starts from.")
    font: str | None = Field(default=None, description="A name of `fonts`; the bundled sans serif when left out.")
    size: Size | None = Field(default=None, description="The em, in % of the format's height or px. Default 6%.")
    color: Color | None = Field(default=None, description="The colour of the letters. Default white.")
    outline: Outline | None = Field(default=None, description="A line around the letters.")
    shadow: Shadow | None = Field(default=None, description="A shadow behind the letters.")
    box: Box | None = Field(default=None, description="A box behind the text.")
    align: Literal["left", "center", "right"] | None = Field(
        default=None, description="How lines stand to one another. Default: as the text's place has it."
    )
    spacing: Offset | None = Field(default=None, description="Room added between letters. Default 0.")
    bold: bool | None = Field(default=None, description="Bold letters. Default false.")
    italic: bool | None = Field(default=None, description="Slanted letters. Default false.")
    uppercase: bool | None = Field(default=None, description="Write everything in capitals. Default false.")


WordOrStyle = Annotated[
    Annotated[str, Tag("<word>")] | Annotated[TextStyle, Tag("<mapping>")], Discriminator(word_or_mapping)
]
