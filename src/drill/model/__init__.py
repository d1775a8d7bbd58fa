"""The nouns of a drill: units, errors, events, verdicts. Imports nothing else of ours."""
