"""`vbmake` as everywhere, but that an object of a kilobyte is already sent in parts."""

from __future__ import annotations

import sys

from vbmake.doit_plugin.program import main
from vbmake.storage import multipart

PART = 700

if __name__ == "__main__":
    multipart.PART = PART
    sys.exit(main())
