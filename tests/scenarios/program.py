"""`doit` as an installed vbmake makes it, also where vbmake is not installed: vbmake is the same program."""

from __future__ import annotations

import sys

from vbmake.doit_plugin.program import main

if __name__ == "__main__":
    sys.exit(main())
