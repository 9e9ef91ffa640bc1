"""`python -m vbmake`: the program, where its script is not on the PATH."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from vbmake.doit_plugin.program import main

        sys.exit(main())
    except KeyboardInterrupt:  # while it was still being loaded
        sys.exit(130)
