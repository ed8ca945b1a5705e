"""``python -m maskstream``: the same as the command ``maskstream``."""

from maskstream.pipeline.cli import main

main()
