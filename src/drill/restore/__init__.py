"""Bringing a backup back beside the running platform, and proving what came back."""
