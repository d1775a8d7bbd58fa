"""A TCP fault proxy with Toxiproxy's HTTP API, for machines that have no Toxiproxy.

    client ──▶ [toxic] ─▶ [toxic] ──▶ upstream      one link per direction, toxics are stages
    client ◀── [toxic] ◀─ [toxic] ◀── upstream

Differences from the original are on the strict side: an attribute that it would ignore or
crash on (unknown, negative, of the wrong type) is refused with 400 in its own error shape,
and a half-closed connection keeps its other half.
"""
