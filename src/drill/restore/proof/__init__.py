"""Proofs that a restore brought back what was promised, and damages that each proof has to catch.

A server that starts proves little: with one archived segment missing PostgreSQL recovers to the hole, says
"archive recovery complete" and opens for business. So nothing here trusts a return code or a log line; each
check reads the bytes, the rows or the WAL for itself, says how much of it, and has damages of its own below
`controls` that it must catch on a copy. docs/restore-proofs.md says of each what it cannot see.
"""
