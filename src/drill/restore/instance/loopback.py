"""A namespace without a network has a loopback that is down: bring it up, and become the command.

    python -I -S loopback.py COMMAND...

Run as a file, with the standard library only.
"""

import fcntl
import os
import socket
import struct
import sys

SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
NOT_STARTED = 127  # as a shell says it

if __name__ == "__main__":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    try:
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # an argument list, no shell
    except OSError as error:
        print(f"{sys.argv[1]} cannot be run: {error.strerror}", file=sys.stderr)
        sys.exit(NOT_STARTED)
