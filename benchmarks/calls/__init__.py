"""A thousand calls on a core: what a frame costs, how punctual it leaves, and how well recovery is timed."""
