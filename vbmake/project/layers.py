"""What is seen: the kinds of layers, and what each may say."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from vbmake.project.generated import FileOrClip, FileOrImage
from vbmake.project.model import Model
from vbmake.project.motion import Animate, Effect, Motion, Span
from vbmake.project.text_style import WordOrStyle
from vbmake.project.units import (
    Anchor,
    Angle,
    AtPlace,
    Color,
    Duration,
    Extent,
    Factor,
    Gain,
    Length,
    Seconds,
    Share,
    Size,
)


class Layer(Model):
    """What every layer may say."""

    at: AtPlace | None = Field(default=None, description="Where: one of nine anchors, or [x, y]. Default center.")
    origin: Anchor | None = Field(
        default=None, description="The point of the layer that lies there. Default: as `at` has it; center for [x, y]."
    )
    margin: Extent = Field(
        default=Length(5.0, "%"), description="Distance from the edges that an anchor keeps, of each side."
    )
    opacity: Share = Field(default=1.0, description="0 (nothing is seen) to 1.")
    rotate: Angle = Field(default=0.0, description="Degrees, clockwise, around its origin.")
    scale: float = Field(default=1.0, gt=0, le=100, description="Scale around its origin.")
    show: Span | None = Field(
        default=None, description="When it is seen, from the start of the scene: [0.5s, 4s], or the start alone."
    )
    enter: Effect | None = Field(default=None, description="How it comes: {fade: 0.4s}.")
    leave: Effect | None = Field(default=None, description="How it goes.")
    animate: Animate | None = Field(default=None, description="Keyframes.")
    only: list[str] | None = Field(
        default=None, description="The formats that show it (the sound of a clip is in all of them). Default: all."
    )
    scenes: tuple[str, str] | None = Field(
        default=None, description="Overlays only: the first and the last scene it lies over. Default: the whole film."
    )

    @property
    def kind(self) -> str:
        return "layer"


Flip = Literal["none", "horizontal", "vertical", "both"]


class Framed(Layer):
    """What layers that fill a frame may say beside it: all but texts, which are as large as their letters."""

    width: Size | None = Field(default=None, description="Width, in % of the format's width or px.")
    height: Size | None = Field(default=None, description="Height, in % of the format's height or px.")


class Picture(Framed):
    """What layers with a picture inside a frame may say beside it."""

    fit: Literal["cover", "contain", "stretch", "blur"] = Field(
        default="cover", description="How the picture fills its frame; blur: whole, over a blurred copy of itself."
    )
    crop: tuple[Share, Share, Share, Share] | None = Field(
        default=None, description="The part to use: [x, y, width, height] as shares of the picture."
    )
    flip: Flip = Field(default="none", description="Mirror it.")
    radius: Extent = Field(default=Length(0.0, "px"), description="Rounded corners.")
    motion: Motion | None = Field(default=None, description="Zoom and pan: {zoom: [1, 1.15], toward: [0.7, 0.4]}.")

    @field_validator("crop")
    @classmethod
    def _inside(cls, crop: tuple[float, float, float, float] | None) -> tuple[float, float, float, float] | None:
        if crop and (crop[2] <= 0 or crop[3] <= 0 or crop[0] + crop[2] > 1.000001 or crop[1] + crop[3] > 1.000001):
            raise ValueError("a crop lies inside the picture: x + width and y + height are at most 1")
        return crop


class ImageLayer(Picture):
    """A still picture."""

    image: FileOrImage = Field(description="The picture's file, or what a provider shall make.")

    @property
    def kind(self) -> str:
        return "image"


class Freeze(Model):
    """A picture of a clip that stands still for a while."""

    at: Seconds = Field(description="When, in the played clip.")
    for_: Duration = Field(alias="for", description="How long it stands.")


class Playing(Model):
    """How a recording is played."""

    trim: Span | None = Field(default=None, description="The part to play: [2s, 8s], or the start alone.")
    speed: Factor = Field(default=1, validate_default=True, description="2 is twice as fast. Sound keeps its pitch.")
    loop: bool = Field(default=False, description="Begin again at its end.")
    reverse: bool = Field(default=False, description="Play it backwards.")
    gain: Gain = Field(default=0.0, description="Louder or softer: -12dB.")
    mute: bool = Field(default=False, description="Without its sound.")
    fade_in: Seconds = Field(default=0, validate_default=True, description="Its sound fades in over this time.")
    fade_out: Seconds = Field(default=0, validate_default=True, description="Its sound fades out over this time.")


class VideoLayer(Picture, Playing):
    """A clip."""

    video: FileOrClip = Field(description="The clip's file, or what a provider shall make.")
    freeze: Freeze | None = Field(default=None, description="Stand still: {at: 2s, for: 1s}.")

    @property
    def kind(self) -> str:
        return "video"


class TextLayer(Layer):
    """Written text."""

    text: str = Field(description="The text; a new line is a new line.", min_length=1, max_length=5000)
    style: WordOrStyle | None = Field(default=None, description="A name of `styles`, or a style written here.")
    wrap: Size | None = Field(default=None, description="Where lines break, of the width. Default: inside the margins.")

    @property
    def kind(self) -> str:
        return "text"


class ColorLayer(Framed):
    """One colour."""

    color: Color = Field(description="The colour.")
    radius: Extent = Field(default=Length(0.0, "px"), description="Rounded corners.")

    @property
    def kind(self) -> str:
        return "color"


class Gradient(Model):
    """Colours that pass into one another."""

    kind: Literal["linear", "radial"] = Field(default="linear", description="Along a line, or around a point.")
    colors: list[Color] = Field(min_length=2, max_length=16, description="The colours, in order.")
    stops: list[Share] | None = Field(default=None, description="Where each colour stands, 0 to 1. Default: evenly.")
    angle: Angle = Field(default=90.0, description="The direction of a linear one: 0 is to the right, 90 is down.")
    center: tuple[Share, Share] = Field(default=(0.5, 0.5), description="The middle of a radial one.")
    radius: float = Field(default=0.7, gt=0, le=4, description="The radius of a radial one, of the longer side.")

    @model_validator(mode="after")
    def _stops(self) -> Self:
        if self.stops is not None and (len(self.stops) != len(self.colors) or list(self.stops) != sorted(self.stops)):
            raise ValueError("stops has one rising number for each colour")
        return self


class GradientLayer(Framed):
    """Colours that pass into one another."""

    gradient: Gradient = Field(description="{kind: linear, colors: [navy, black], angle: 90}.")
    radius: Extent = Field(default=Length(0.0, "px"), description="Rounded corners.")

    @property
    def kind(self) -> str:
        return "gradient"


class ShapeLayer(Framed):
    """A rectangle, an ellipse or a line."""

    shape: Literal["rectangle", "ellipse", "line"] = Field(description="What is drawn in the layer's frame.")
    fill: Color | None = Field(default=None, description="The colour inside. Default: white where there is no stroke.")
    stroke: Color | None = Field(default=None, description="The colour of the line. A line is white by default.")
    stroke_width: Extent = Field(default=Length(0.5, "%"), description="The width of the line.")
    radius: Extent = Field(default=Length(0.0, "px"), description="Rounded corners of a rectangle.")
    direction: Literal["across", "down", "rising", "falling"] = Field(
        default="across", description="A line's way through its frame: through the middle, or from corner to corner."
    )

    @property
    def kind(self) -> str:
        return "shape"


class SvgLayer(Framed):
    """A drawing in SVG, drawn at the size it is seen at."""

    svg: str = Field(description="The drawing's file.")
    fit: Literal["cover", "contain", "stretch"] = Field(default="contain", description="How it fills its frame.")
    flip: Flip = Field(default="none", description="Mirror it.")

    @property
    def kind(self) -> str:
        return "svg"


class MakeLayer(Picture, Playing):
    """What a rule makes: an image or a clip. The rule's inputs and options stand beside `make`."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    make: str = Field(description="The rule's name, such as pdf-page.")
    take: int = Field(default=1, ge=1, le=10000, description="Another number asks for another sample.")
    with_: dict[str, Any] = Field(
        default={}, alias="with", description="Options of the rule whose names a layer uses itself (width, speed ...)."
    )

    @property
    def kind(self) -> str:
        return "make"

    @property
    def arguments(self) -> dict[str, Any]:
        """The rule's inputs and options."""
        return {**(self.model_extra or {}), **self.with_}


CONTENTS = ("image", "video", "text", "color", "gradient", "shape", "svg", "make")


def layer_contents(keys: Iterable[str]) -> list[str]:
    """Which of the words that say what a layer shows are among its keys; with `make`, the others are its rule's."""
    found = [word for word in CONTENTS if word in keys]
    return ["make"] if "make" in found else found


def _layer_kind(value: Any) -> str | None:
    if isinstance(value, dict):  # asked for first: pydantic takes long to tell a model
        found = layer_contents(value)
        return f"<{found[0]}>" if len(found) == 1 else None
    return f"<{value.kind}>" if isinstance(value, Layer) else None


AnyLayer = Annotated[
    Annotated[ImageLayer, Tag("<image>")]
    | Annotated[VideoLayer, Tag("<video>")]
    | Annotated[TextLayer, Tag("<text>")]
    | Annotated[ColorLayer, Tag("<color>")]
    | Annotated[GradientLayer, Tag("<gradient>")]
    | Annotated[ShapeLayer, Tag("<shape>")]
    | Annotated[SvgLayer, Tag("<svg>")]
    | Annotated[MakeLayer, Tag("<make>")],
    Discriminator(_layer_kind),
]
LAYER_KINDS: dict[str, type[Layer]] = {
    "image": ImageLayer,
    "video": VideoLayer,
    "text": TextLayer,
    "color": ColorLayer,
    "gradient": GradientLayer,
    "shape": ShapeLayer,
    "svg": SvgLayer,
    "make": MakeLayer,
}
