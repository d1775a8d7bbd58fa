"""What the drill asks the platform while calls run, and what it reads back afterwards.

Probes run in a process of their own (`python -m drill.probes`), so that a stuck platform
cannot stop the conductor; a question that gets no answer in time is a sample too.
"""
