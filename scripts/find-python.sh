#!/bin/sh
# Print the newest Python >= 3.11 that really runs. A name on PATH is not enough:
# version managers leave shims there for interpreters that are not switched on.
for minor in 14 13 12 11; do
    for candidate in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$minor".*/bin/python3 python3; do
        if "$candidate" -c "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, $minor))" 2>/dev/null; then
            command -v "$candidate"
            exit 0
        fi
    done
done
echo "drill needs Python 3.11 or newer (with venv); none was found on PATH" >&2
exit 1
