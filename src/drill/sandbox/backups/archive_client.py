"""The servers' archive_command: hands one finished log file to the resident archiver.

    python -I -S archive_client.py HOST PORT FILE NAME

Exit code 0 means that the object store has it: the server then forgets the file. Standard library only
and run as a file: one of these starts for every log file.
"""

from __future__ import annotations

import socket
import sys

DEADLINE_S = 30.0


def hand_over(host: str, port: int, path: str, name: str) -> str:
    """The archiver's first line of answer; OSError when there is none."""
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib takes longer to import than all the rest
        data = file.read()
    head = f"PUT /wal/{name} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(data)}\r\n"
    with socket.create_connection((host, port), DEADLINE_S) as connection:
        connection.sendall(f"{head}\r\n".encode() + data)
        return connection.makefile("rb").readline().decode("latin-1")


def main() -> int:
    """0 when it is archived, 1 when it is not (the server tries again)."""
    host, port, path, name = sys.argv[1:5]
    try:
        answer = hand_over(host, int(port), path, name)
    except OSError as error:
        print(f"{name} was not archived: {error}", file=sys.stderr)
        return 1
    if " 200 " not in answer:
        print(f"{name} was not archived: {answer.strip() or 'no answer'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
