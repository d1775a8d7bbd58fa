"""What people write, drill files above all, read into frozen values with every mistake at once."""

from drill.definition.drill import Drill
from drill.definition.load import load_drill

__all__ = ["Drill", "load_drill"]
