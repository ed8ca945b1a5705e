"""What can be set, with the reason for each default.

YAML or the command line -> these frozen models -> objects, once, in `app`. An unknown
key, a wrong type or an impossible pair fails before any thread starts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

__all__ = [
    "BatchConfig",
    "ModelConfig",
    "OverlayConfig",
    "OverloadConfig",
    "Policy",
    "RecordsConfig",
    "RunConfig",
    "VideoConfig",
]

_UNITS_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def _parse_duration(value: Any) -> Any:
    """Turn "5ms", "10s", "1.5m" or "1:02:03.5" into seconds; numbers are seconds."""
    if not isinstance(value, str):
        return value
    if match := re.fullmatch(r"\s*([\d.]+)\s*([a-z]*)\s*", value):
        number, unit = match.groups()
        if (not unit or unit in _UNITS_S) and number.count(".") <= 1:
            return float(number) * _UNITS_S.get(unit, 1.0)
    if re.fullmatch(r"(\d+:){1,2}\d+(\.\d+)?", value):
        seconds = 0.0
        for part in value.split(":"):
            seconds = seconds * 60 + float(part)
        return seconds
    raise ValueError(
        f"a duration such as 5ms, 10s, 2m or 1:02:03 is needed, got {value!r}"
    )


def _parse_size(value: Any) -> Any:
    """Turn "512x288" (width x height) into (288, 512): height first, as everywhere."""
    if not isinstance(value, str | int):  # 0x0 is a number in YAML
        return value
    if value == "auto":
        return None
    if match := re.fullmatch(r"(\d+)x(\d+)", str(value)):
        width, height = (int(number) for number in match.groups())
        if 32 <= width <= 8192 and 32 <= height <= 8192:
            return height, width
    raise ValueError(
        f"a size such as 512x288 (width x height, 32 to 8192) or auto is needed, "
        f"got {value!r}"
    )


def _show_size(size_hw: tuple[int, int] | None) -> str | None:
    return None if size_hw is None else f"{size_hw[1]}x{size_hw[0]}"


def _refuse_url(value: Any) -> Any:
    # One slash too: that is what becomes of a URL taken for a path.
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(value), re.IGNORECASE):
        raise ValueError("a file or folder is needed, got a URL")
    return value


OutputPath = Annotated[Path, BeforeValidator(_refuse_url)]
Duration = Annotated[
    float, BeforeValidator(_parse_duration), Field(ge=0, allow_inf_nan=False)
]
SizeHW = Annotated[
    tuple[int, int] | None,
    BeforeValidator(_parse_size),
    PlainSerializer(_show_size, when_used="json"),
]


class Policy(StrEnum):
    """What happens to frames when the network cannot keep up."""

    AUTO = "auto"  # every_frame for files, freshest for live sources
    EVERY_FRAME = "every_frame"
    FRESHEST = "freshest"


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(_Config):
    """The network and what runs it."""

    name: str = Field(
        "fcn8s-lite0",
        description="An embedded model; it is the one that keeps up on two cores.",
    )
    weights: str | None = Field(
        None,
        description="A safetensors file with a model card, a path, an https URL or "
        "hf:OWNER/REPO/FILE; overrides `name`.",
    )
    engine: Literal["auto", "torch", "openvino", "onnxruntime"] = Field(
        "auto", description="auto: torch on CUDA, else OpenVINO, else torch."
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="auto: the first CUDA device where there is one, else the CPU.",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16", "int8"] = Field(
        "auto",
        description="auto: int8 where such a network lies beside its weights and the "
        "CPU has VNNI, else bf16 where the device computes in it, else fp32.",
    )
    size: SizeHW = Field(
        None,
        description=(
            "The network's input as WIDTHxHEIGHT. auto keeps the picture's shape at "
            "about the area of 512x288: small enough for live speed on two cores."
        ),
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Of the network on the CPU; auto (null): the cores that affinity "
        "and quota leave this process.",
    )

    @model_validator(mode="after")
    def _check_precision(self) -> ModelConfig:
        if self.precision == "int8" and self.engine not in ("auto", "openvino"):
            raise ValueError(
                f"precision int8 is for engine openvino or auto, got {self.engine}"
            )
        return self


class BatchConfig(_Config):
    """How frames are grouped for one pass through the network."""

    max_size: int | None = Field(
        None, ge=1, le=256, description="auto (null): 1 on the CPU, 8 on CUDA."
    )
    linger: Duration = Field(
        0.005,
        description=(
            "How long the first frame of a batch waits for company: an eighth of a "
            "frame period at 25 fps, which nobody sees."
        ),
    )


class OverloadConfig(_Config):
    """What becomes of live frames that the network has no time for."""

    hold: bool = Field(
        True,
        description="They get the labels of the frame before, and are marked as held; "
        "false drops them.",
    )
    max_staleness: Duration = Field(
        0.5,
        description="What has waited longer is dropped: half a second behind the "
        "camera is what people take for live.",
    )


class OverlayConfig(_Config):
    """What is painted on the annotated video."""

    alpha: float = Field(
        0.45, ge=0, le=1, description="0 shows the picture, 1 the class colour alone."
    )
    hide: tuple[str, ...] = Field((), description="Classes that are left unpainted.")
    contours: bool = Field(False, description="Draw the borders between classes.")
    legend: bool = Field(True, description="Colours without names say nothing.")
    status: bool = Field(False, description="Show the media time and the speed.")


class VideoConfig(_Config):
    """How the annotated video is encoded."""

    codec: Literal["h264", "hevc", "av1", "h264_nvenc", "hevc_nvenc", "av1_nvenc"] = (
        Field("h264", description="Plays everywhere and encodes fastest on a CPU.")
    )
    preset: str | None = Field(
        None, description="The encoder's own preset; null takes the codec's fast one."
    )
    crf: int | None = Field(
        None,
        ge=0,
        le=63,
        description="The encoder's quality scale; null takes a good one for the codec.",
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Of the encoder; auto (null): the stream's share of the cores, at "
        "most 8.",
    )
    mask_track: bool = Field(
        False, description="Add the class ids as a second, lossless track (.mkv only)."
    )

    @property
    def options(self) -> dict[str, str]:
        """The encoder's options that were given."""
        options = {"preset": self.preset, "crf": self.crf}
        return {
            name: str(given) for name, given in options.items() if given is not None
        }


class RecordsConfig(_Config):
    """What a line of the records holds beside times and class shares."""

    rle: bool = Field(False, description="COCO run-length masks; they are large.")
    objects: bool = Field(
        False, description="Connected components of countable classes, with boxes."
    )
    min_area: int = Field(
        100, ge=1, description="Smaller components, in pixels, are specks, left out."
    )


class RunConfig(_Config):
    """One run: inputs, the network, and all that is written."""

    inputs: tuple[str, ...] = Field((), description="Files, globs, folders or URLs.")
    output: OutputPath | None = Field(None, description="Annotated video, or a folder.")
    mask: OutputPath | None = Field(
        None, description="Mask track (.mkv), or a folder when there are many inputs."
    )
    mask_images: OutputPath | None = Field(
        None, description="Folder for one paletted PNG a frame."
    )
    records: OutputPath | None = Field(
        None, description="JSONL, or a folder when there are many inputs."
    )
    summary: OutputPath | None = Field(None, description="JSON with the final ledger.")
    overwrite: bool = Field(False, description="Existing files are safe by default.")
    decoder: Literal["auto", "software", "nvdec"] = Field(
        "auto",
        description="nvdec: on the CUDA device, which keeps the pictures; what it does "
        "not take is decoded in software. auto: nvdec for a file whose pictures "
        "nothing needs on the host, where the network is on CUDA; else software.",
    )
    decoder_threads: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Of each file's decoder; auto (null): 1, which decodes hundreds of "
        "frames a second, and more where the network is not on the CPU.",
    )
    start: Duration | None = Field(None, description="Skip this much of each input.")
    duration: Duration | None = Field(None, description="Stop after this much of each.")
    policy: Policy = Field(
        Policy.AUTO,
        description="every_frame waits; freshest holds or drops what the network has "
        "no time for (see overload).",
    )
    overload: OverloadConfig = OverloadConfig()
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Serve /metrics on loopback; 0 takes any port.",
    )
    model: ModelConfig = ModelConfig()
    batch: BatchConfig = BatchConfig()
    overlay: OverlayConfig = OverlayConfig()
    video: VideoConfig = VideoConfig()
    record: RecordsConfig = RecordsConfig()

    @model_validator(mode="after")
    def _check_pairs(self) -> RunConfig:
        if self.video.mask_track and self.output is None:
            raise ValueError("video.mask_track needs an output")
        return self
