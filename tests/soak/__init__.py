"""Drills that are killed: real conductor, Chaos Toolkit, reaper and fault proxies, a sketch of a platform.

`python -m soak` (or `make soak`) prints the figures; tests/safety runs a share of them. One trial takes a
second or two, because the platform is one small process and the load and the probes are stubs, which hold no
faults; where Locust is what dies, it is Locust.
"""
