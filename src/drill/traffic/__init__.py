"""Traffic as it is meant: how many calls should be up when, for those who draw it and those who judge it."""

from drill.traffic.intent import LOG_SD, SHORTEST_S, Traffic, planned, traffic
from drill.traffic.profiles import FLAT, PROFILES, Profile

__all__ = ["FLAT", "LOG_SD", "PROFILES", "SHORTEST_S", "Profile", "Traffic", "planned", "traffic"]
