"""Settings are checked strictly, and the message says what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskstream.pipeline.config import Policy, RunConfig
from maskstream.pipeline.config_file import load_config, parse_config
from maskstream.pipeline.errors import ConfigError


@pytest.fixture
def yaml_file(tmp_path: Path) -> Path:
    """Where a configuration may be written."""
    return tmp_path / "run.yaml"


def test_a_file_and_overrides_make_one_configuration(yaml_file: Path) -> None:
    """What the command line says lies over the file, key by key."""
    yaml_file.write_text("overlay: {alpha: 0.2, contours: true}\npolicy: freshest\n")

    config = load_config(yaml_file, {"overlay": {"alpha": 0.7}})

    assert config.overlay.alpha == 0.7
    assert config.overlay.contours
    assert config.policy is Policy.FRESHEST


def test_an_unknown_key_names_its_neighbour(yaml_file: Path) -> None:
    """A typo is answered with the key that was meant, and with the file."""
    yaml_file.write_text("overlay:\n  alhpa: 0.5\n")

    with pytest.raises(ConfigError) as caught:
        load_config(yaml_file)

    assert (
        str(caught.value)
        == f"{yaml_file}: unknown key 'overlay.alhpa', did you mean 'alpha'"
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"overlay": {"alpha": 3}}, "overlay.alpha: input should be less"),
        ({"model": {"engine": "tpu"}}, "model.engine: input should be 'auto', 'torch'"),
        ({"model": {"size": "512"}}, "a size such as 512x288"),
        ({"model": {"size": "8x8"}}, "a size such as 512x288"),
        ({"start": "soon"}, "a duration such as 5ms"),
        ({"start": "1.2.3"}, "a duration such as 5ms"),
        ({"start": -1}, "start: input should be greater than or equal to 0"),
        ({"video": {"mask_track": True}}, "video.mask_track needs an output"),
        ({"nonsense": 1}, "unknown key 'nonsense'"),
        (
            {"overlay": {"hide": {"a": 1}}},
            "overlay.hide: a list is needed",
        ),
        ({"model": {"size": {"deep": 1}}}, "model.size"),
        (
            {"output": "rtmp://live/app"},
            "output: a file or folder is needed, got a URL",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_named(
    settings: dict[str, object], sentence: str
) -> None:
    """The message names the key and says what would be right."""
    with pytest.raises(ConfigError, match=sentence.replace("(", r"\(")):
        parse_config(settings)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("10s", 10),
        ("1.5m", 90),
        ("2h", 7200),
        ("7d", 604_800),
        ("7", 7),
        ("1:02", 62),
        ("1:00:02.5", 3602.5),
        (3, 3),
    ],
)
def test_durations_are_written_as_people_write_them(
    text: object, seconds: float
) -> None:
    """Numbers are seconds; units and clock times are understood."""
    assert parse_config({"start": text}).start == seconds


@given(
    st.integers(min_value=32, max_value=8192), st.integers(min_value=32, max_value=8192)
)
def test_a_size_is_width_by_height_outside_and_height_first_inside(
    width: int, height: int
) -> None:
    """WIDTHxHEIGHT becomes (height, width)."""
    config = parse_config({"model": {"size": f"{width}x{height}"}})

    assert config.model.size == (height, width)


def test_auto_is_the_absence_of_a_size() -> None:
    """The word says the same as leaving it out."""
    assert parse_config({"model": {"size": "auto"}}) == RunConfig()


def test_secrets_come_from_the_environment(yaml_file: Path) -> None:
    """A name in ${} is replaced, wherever it stands."""
    yaml_file.write_text("inputs: ['rtsp://user:${CAMERA_PASSWORD}@camera/main']\n")

    config = load_config(yaml_file, environment={"CAMERA_PASSWORD": "hush"})

    assert config.inputs == ("rtsp://user:hush@camera/main",)


def test_a_missing_secret_is_an_error(yaml_file: Path) -> None:
    """An unset variable is not an empty password."""
    yaml_file.write_text("inputs: ['${CAMERA_URL}']\n")

    with pytest.raises(ConfigError, match="environment variable CAMERA_URL is not set"):
        load_config(yaml_file, environment={})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"- a\n- b\n", "a mapping of settings is needed, got a list"),
        (b"overlay: [", "not valid YAML in line"),
        (b"\xff\xfe\x00", "not a text file"),
        (b"a: \x00", "not valid YAML"),
        (b"start: 1s\nstart: 2s\n", "in line 2: 'start' is given twice"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(
    yaml_file: Path, content: bytes, sentence: str
) -> None:
    """One sentence says what the file is not."""
    yaml_file.write_bytes(content)

    with pytest.raises(ConfigError, match=sentence):
        load_config(yaml_file)


def test_an_empty_file_is_all_defaults(yaml_file: Path) -> None:
    """A file of comments says nothing and changes nothing."""
    yaml_file.write_text("# nothing yet\n")

    assert load_config(yaml_file) == RunConfig()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The sentence names the file."""
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        load_config(tmp_path / "none.yaml")


def test_every_shipped_configuration_loads() -> None:
    """The examples that people copy are valid."""
    folder = Path(__file__).parents[2] / "configs"
    files = sorted(folder.glob("*.yaml"))
    runs = [file for file in files if "streams:" not in file.read_text()]
    configs = [load_config(file, environment={"CAMERA_URL": "x"}) for file in runs]

    assert len(configs) >= 2


def test_the_encoders_options_are_those_that_were_given() -> None:
    """What was not said is left to the codec."""
    config = parse_config({"video": {"crf": 18}})

    assert config.video.options == {"crf": "18"}
