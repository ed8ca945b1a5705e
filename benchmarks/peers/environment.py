"""An environment for each peer: its own packages over those of MaskStream's.

So a peer runs with the same torch, on the same machine, and nothing large is installed
twice; what it wants in other versions lies before.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

from maskstream.pipeline.errors import ConfigError

_FOLDER = Path(__file__).parents[2] / "build" / "peers"


def python_with(name: str, packages: Sequence[str]) -> Path:
    """Give the interpreter of an environment, made and filled where it is missing.

    Raises:
        ConfigError: It could not be filled.
    """
    if not packages:
        return Path(sys.executable)
    folder = _FOLDER / name
    python = folder / "bin" / "python"
    installed = folder / "installed"
    wanted = "\n".join(packages)
    if installed.is_file() and installed.read_text() == wanted:
        return python
    print(f"installing {', '.join(packages)} into {folder.name}", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    scheme = {"base": str(folder), "platbase": str(folder)}
    own = Path(sysconfig.get_path("purelib", "venv", scheme))
    ours = [one for one in sys.path if "site-packages" in one or "__editable__" in one]
    (own / "zz_maskstream.pth").write_text("\n".join(ours) + "\n")
    pip = [str(python), "-m", "pip", "install", "--quiet", *packages]
    try:
        subprocess.run(pip, check=True)
    except subprocess.CalledProcessError as error:
        raise ConfigError(f"{', '.join(packages)} could not be installed") from error
    installed.write_text(wanted)
    return python
