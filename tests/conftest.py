"""Lets every test import the builders beside this file: `from histories import ...`."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# A shell that starts us in the background has us ignore Ctrl-C, and whom we start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
