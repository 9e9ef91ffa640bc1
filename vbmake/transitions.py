"""The kinds of transition: those of ffmpeg's xfade filter that need no expression."""

from __future__ import annotations

TRANSITIONS = (
    *("fade", "fadeblack", "fadewhite", "fadegrays", "fadefast", "fadeslow"),
    *("dissolve", "pixelize", "distance", "radial", "hblur", "zoomin"),
    *("wipeleft", "wiperight", "wipeup", "wipedown", "wipetl", "wipetr", "wipebl", "wipebr"),
    *("slideleft", "slideright", "slideup", "slidedown", "smoothleft", "smoothright", "smoothup", "smoothdown"),
    *("coverleft", "coverright", "coverup", "coverdown", "revealleft", "revealright", "revealup", "revealdown"),
    *("circlecrop", "rectcrop", "circleopen", "circleclose", "vertopen", "vertclose", "horzopen", "horzclose"),
    *("diagtl", "diagtr", "diagbl", "diagbr", "hlslice", "hrslice", "vuslice", "vdslice"),
    *("hlwind", "hrwind", "vuwind", "vdwind", "squeezeh", "squeezev"),
)
