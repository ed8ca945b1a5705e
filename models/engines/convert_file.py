"""Convert a file of weights: ``python -m ... WEIGHTS OUTPUT``, an .xml or .onnx.

A sentence on the last line of stderr says why it failed; the code is EX_IOERR where the
output could not be written.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from maskstream.models.engines.convert import convert, convert_to_onnx
from maskstream.models.weights import load_weights
from maskstream.pipeline.errors import ModelError

__all__ = ["main"]


def main() -> None:
    """Do what the arguments say."""
    weights, output = map(Path, sys.argv[1:])
    try:
        network, _ = load_weights(weights)
        if output.suffix == ".onnx":
            convert_to_onnx(network, output)
        else:
            convert(network).save(output)
    except ModelError as error:
        sys.exit(str(error))
    except OSError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- whoever started this reads it
        sys.exit(os.EX_IOERR)


if __name__ == "__main__":
    main()
