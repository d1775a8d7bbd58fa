"""Backups of the store: base backups and every finished log file, in an object store of two regions.

Theory: a base backup and the log since then are the store at any moment between. The servers hand each
finished log file to one resident archiver, which answers when the object store has it and not before;
what is kept lies in Barman cloud's layout, encrypted on disk, each object with the SHA-256 of what was
sent. A replicator brings it all to a second region, in its own time.
"""
