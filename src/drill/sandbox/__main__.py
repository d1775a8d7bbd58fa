"""`python -m drill.sandbox`."""

from __future__ import annotations

import os
import sys

from drill.sandbox.cli import main

NICENESS = 5

if __name__ == "__main__":
    # On a small machine the platform shares its cores with whoever measures it, and must not starve them.
    os.nice(NICENESS)
    sys.exit(main())
