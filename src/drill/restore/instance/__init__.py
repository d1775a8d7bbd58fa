"""An instance of its own for a restored copy: nobody reaches it but us, and nothing of it stays.

Theory: a copy of production that starts up as it was would archive, replicate and answer as production. So
it listens to nobody on any network, archives nowhere, follows nobody, and where the kernel allows it has no
network at all; its only door is a socket in a folder that its owner alone may enter. It is up when it says
that recovery is over, and not when a command that started it is content.
"""
