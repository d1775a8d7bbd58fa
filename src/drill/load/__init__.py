"""Callers: a seeded schedule of calls, and one lean engine that holds them all inside Locust."""
