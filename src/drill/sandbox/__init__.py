"""The embedded platform: a small multi-zone voice service on loopback, from wheels alone."""
