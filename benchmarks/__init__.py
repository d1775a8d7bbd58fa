"""Figures beside their limits: `python -m benchmarks [NAME ...]`, printed, never gated on shared machines."""
