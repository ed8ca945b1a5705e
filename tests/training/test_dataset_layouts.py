from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskstream.models.class_tables import CITYSCAPES, PASCAL_VOC
from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.training.dataset import LabelledFolder
from maskstream.training.datasets import VOID, find_layout
from tests.training.labelled import picture, rows_of, save


def stems(folder: LabelledFolder) -> list[str]:
    """Names of the pictures."""
    return [path.stem for path, _ in folder.pairs]


def test_segnets_camvid(tmp_path: Path) -> None:
    """Ids from 0 to 10, 11 is void; the lists with another machine's paths choose."""
    for name in ("a", "b", "c"):
        save(tmp_path / f"train/{name}.png", picture(3))
        save(tmp_path / f"trainannot/{name}.png", rows_of(0, 10, 11))
    (tmp_path / "train.txt").write_text(
        "/SegNet/CamVid/train/c.png /SegNet/CamVid/trainannot/c.png\n"
        "/SegNet/CamVid/train/a.png /SegNet/CamVid/trainannot/a.png\n\n"
    )

    folder = LabelledFolder.open(tmp_path, "train")

    assert find_layout(tmp_path).name == "camvid-segnet"
    assert stems(folder) == ["c", "a"]
    assert folder[0][1][:, 0].tolist() == [0, 10, VOID]


def test_a_line_of_segnets_list_that_is_no_pair_is_named(tmp_path: Path) -> None:
    """By the file of the list and what it says."""
    save(tmp_path / "trainannot/a.png", rows_of(0))
    (tmp_path / "train.txt").write_text("train/a.png\n")

    with pytest.raises(ConfigError, match=r"train\.txt: a line is .*'train/a\.png'"):
        LabelledFolder.open(tmp_path, "train")


def test_a_stray_picture_among_the_originals_is_named(tmp_path: Path) -> None:
    """Drive and frame say to which split it belongs, and it has neither."""
    save(tmp_path / "701_StillsRaw_full/thumbs.png", picture(3))
    save(tmp_path / "LabeledApproved_full/thumbs_L.png", rows_of((0, 0, 0)))

    with pytest.raises(ConfigError, match=r"thumbs\.png: .* DRIVE_FRAME"):
        LabelledFolder.open(tmp_path, "train")


def test_the_original_camvid(tmp_path: Path) -> None:
    """32 colours become 11 classes; drives and frames decide the split."""
    names = {
        "0001TP_008520": "train",
        "0001TP_008550": "test",
        "0006R0_f00930": "train",
        "0016E5_07957": "train",
        "0016E5_07959": "val",
        "0016E5_08159": "val",
        "Seq05VD_f00000": "test",
    }
    lane, truck, void = (128, 0, 192), (192, 128, 192), (0, 0, 0)
    for name in names:
        save(tmp_path / f"701_StillsRaw_full/{name}.png", picture(3))
        save(
            tmp_path / f"LabeledApproved_full/{name}_L.png", rows_of(lane, truck, void)
        )

    folders = {s: LabelledFolder.open(tmp_path, s) for s in ("train", "val", "test")}

    for split, folder in folders.items():
        assert stems(folder) == [name for name, its in names.items() if its == split]
    road, car = CAMVID.index("road"), CAMVID.index("car")
    assert folders["val"][0][1][:, 0].tolist() == [road, car, VOID]


def test_the_original_camvid_in_folders_of_splits(tmp_path: Path) -> None:
    """As it is often passed on, with ``_L`` still in the names of the labels."""
    save(tmp_path / "val/x.png", picture(1))
    save(tmp_path / "val_labels/x_L.png", rows_of((0, 0, 192)))

    folder = LabelledFolder.open(tmp_path, "val")

    assert folder[0][1][0, 0] == CAMVID.index("pavement")


def test_cityscapes(tmp_path: Path) -> None:
    """Label ids become train ids; the test split has no labels and is none."""
    frame = "aachen/aachen_000000_000019"
    save(tmp_path / f"leftImg8bit/val/{frame}_leftImg8bit.png", picture(4))
    save(tmp_path / f"gtFine/val/{frame}_gtFine_labelIds.png", rows_of(7, 33, 3, 18))
    (tmp_path / "leftImg8bit/test").mkdir()

    folder = LabelledFolder.open(tmp_path, "val")

    assert find_layout(tmp_path).splits(tmp_path) == ("val",)
    assert folder.classes == CITYSCAPES
    assert len(CITYSCAPES) == 19
    assert folder[0][1][:, 0].tolist() == [0, 18, VOID, VOID]


def test_joined_pairs(tmp_path: Path) -> None:
    """Colours that went through JPEG are of the nearest class or of none."""
    expected = np.full((32, 32), CITYSCAPES.index("road"), np.uint8)
    expected[:16] = CITYSCAPES.index("sky")
    expected[24:, 16:] = VOID
    colours = np.zeros((256, 3), np.uint8)
    colours[:19] = CITYSCAPES.colours
    colours[VOID] = (111, 74, 0)  # dynamic, which is not scored
    joined = np.hstack([picture(32, 32, 90), colours[expected]])
    path = tmp_path / "train/1.jpg"
    path.parent.mkdir()
    cv2.imwrite(str(path), joined[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])

    seen, labels = LabelledFolder.open(tmp_path, "train")[0]

    assert seen.shape == (32, 32, 3)
    assert abs(seen[:, :28].astype(int) - 90).max() < 10
    inner = np.ones((32, 32), np.bool_)  # a pixel from all borders
    inner[15:17] = inner[23:25] = inner[16:, 15:17] = False
    assert (labels == expected)[inner].all()


def test_a_picture_without_labels_beside_it_is_no_joined_pair(tmp_path: Path) -> None:
    """A folder of plain photos is not taken for a data set in silence."""
    noise = np.random.default_rng(0).integers(0, 256, (32, 64, 3)).astype(np.uint8)
    save(tmp_path / "train/1.jpg", noise)

    with pytest.raises(ConfigError, match=r"1\.jpg: .* far from the colours"):
        LabelledFolder.open(tmp_path, "train")[0]


def make_voc(root: Path, lists: dict[str, str]) -> None:
    """Write VOC's folders, with paletted labels, for the names in some lists."""
    for name in set(" ".join(lists.values()).split()):
        save(root / f"JPEGImages/{name}.jpg", picture(3))
        labels = Image.fromarray(rows_of(0, 20, VOID), "P")
        labels.putpalette([value for n in range(256) for value in (n, 9, 9)])
        path = root / f"SegmentationClass/{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        labels.save(path)
    sets = root / "ImageSets/Segmentation"
    sets.mkdir(parents=True)
    for split, names in lists.items():
        (sets / f"{split}.txt").write_text(names.replace(" ", "\n"))


def test_voc(tmp_path: Path) -> None:
    """Palette indices are the ids; the lists are the splits; borders are void."""
    make_voc(tmp_path, {"train": "2007_1", "val": "2007_3 2007_2"})

    folder = LabelledFolder.open(tmp_path, "val")

    assert stems(folder) == ["2007_3", "2007_2"]
    assert folder[0][1][:, 0].tolist() == [0, 20, VOID]
    assert PASCAL_VOC.colours[PASCAL_VOC.index("person")] == (192, 128, 128)


def test_seg11valid_is_val_without_what_sbd_learns_from(tmp_path: Path) -> None:
    """The rule of the FCN paper, where SBD lies beside VOC2011."""
    make_voc(tmp_path / "VOC2011", {"val": "a b c"})
    sbd = tmp_path / "benchmark_RELEASE/dataset"
    sbd.mkdir(parents=True)
    (sbd / "train.txt").write_text("b\nz\n")

    folder = LabelledFolder.open(tmp_path / "VOC2011", "seg11valid")

    assert stems(folder) == ["a", "c"]


@pytest.mark.slow
@pytest.mark.parametrize("is_compressed", [False, True])
def test_sbd(tmp_path: Path, is_compressed: bool) -> None:
    """Labels are read from MATLAB files; damage in one is found, and not read."""
    from scipy.io import savemat

    labels = np.array([[0, 3], [20, 0]], np.uint8)
    save(tmp_path / "img/a.jpg", picture(2, 2))
    (tmp_path / "cls").mkdir()
    file = tmp_path / "cls/a.mat"
    content = {"GTcls": {"Segmentation": labels}}
    savemat(file, content, do_compression=is_compressed)
    (tmp_path / "train.txt").write_text("a\n")

    folder = LabelledFolder.open(tmp_path, "train")

    assert find_layout(tmp_path).name == "sbd"
    assert np.array_equal(folder[0][1], labels)
    if is_compressed:
        file.write_bytes(file.read_bytes()[:-1] + b"?")  # of the sum
        with pytest.raises(ConfigError, match=r"a\.mat: these are not labels of sbd"):
            folder[0]


def test_a_matlab_file_of_something_else_is_named(tmp_path: Path) -> None:
    """Also one that is no MATLAB file at all."""
    save(tmp_path / "img/a.jpg", picture(2, 2))
    (tmp_path / "cls").mkdir()
    (tmp_path / "cls/a.mat").write_bytes(b"x" * 200)
    (tmp_path / "train.txt").write_text("a\n")

    with pytest.raises(ConfigError, match=r"a\.mat: these are not labels of sbd"):
        LabelledFolder.open(tmp_path, "train")[0]


def test_kitti_road(tmp_path: Path) -> None:
    """Magenta is road, red is not, black is neither; the end of each kind is val."""
    for kind, count in {"um": 5, "uu": 10}.items():
        for n in range(count):
            save(tmp_path / f"training/image_2/{kind}_{n:06d}.png", picture(3))
            save(
                tmp_path / f"training/gt_image_2/{kind}_road_{n:06d}.png",
                rows_of((255, 0, 0), (255, 0, 255), (0, 0, 0)),
            )

    train = LabelledFolder.open(tmp_path, "train")
    val = LabelledFolder.open(tmp_path, "val")

    assert stems(val) == ["um_000004", "uu_000008", "uu_000009"]
    assert len(train) == 12
    assert val[0][1][:, 0].tolist() == [0, 1, VOID]


def test_a_folder_that_nobody_has_split(tmp_path: Path) -> None:
    """The last fifth in the order of names is held out."""
    for n in range(10):
        save(tmp_path / f"images/{n}.jpg", picture(2))
        save(tmp_path / f"masks/{n}.png", rows_of(0, 1))

    assert stems(LabelledFolder.open(tmp_path, "val")) == ["8", "9"]
    assert len(LabelledFolder.open(tmp_path, "train")) == 8


def test_a_folder_of_ones_own_in_colours(tmp_path: Path) -> None:
    """A table of colours says what they mean; Void is no class."""
    save(tmp_path / "images/train/a.png", picture(3))
    save(tmp_path / "labels/train/a.png", rows_of((9, 0, 0), (0, 9, 0), (7, 7, 7)))
    (tmp_path / "class_dict.csv").write_text(
        "name,r,g,b\nroad,9,0,0\nVoid,7,7,7\nsky, 0, 9, 0\n"
    )

    folder = LabelledFolder.open(tmp_path, "train")

    assert folder.classes.names == ("road", "sky")
    assert folder[0][1][:, 0].tolist() == [0, 1, VOID]


def test_a_colour_of_no_class_is_named(tmp_path: Path) -> None:
    """The file, the colour and how often it occurs."""
    save(tmp_path / "images/train/a.png", picture(2))
    save(tmp_path / "labels/train/a.png", rows_of((9, 0, 0), (1, 2, 3)))
    (tmp_path / "label_colors.txt").write_text("9 0 0\troad\n")

    with pytest.raises(ConfigError, match=r"a\.png: 8 pixels have colour \(1, 2, 3\)"):
        LabelledFolder.open(tmp_path, "train")[0]


def test_labels_of_16_bits_are_refused(tmp_path: Path) -> None:
    """They are something else, such as the instances of Cityscapes."""
    save(tmp_path / "images/train/a.png", picture(2))
    path = tmp_path / "labels/train/a.png"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.full((2, 8), 7001, np.uint16))

    with pytest.raises(ConfigError, match=r"a\.png: labels must have 8 bits"):
        LabelledFolder.open(tmp_path, "train")[0]


def test_a_layout_is_looked_for(tmp_path: Path) -> None:
    """A folder without any, a name of none, and the wrong one are told apart."""
    with pytest.raises(ConfigError, match="no such folder"):
        find_layout(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"no data set .* images/SPLIT/NAME\.jpg"):
        find_layout(tmp_path)
    with pytest.raises(ConfigError, match="'cityscape'; did you mean cityscapes"):
        find_layout(tmp_path, "cityscape")
    with pytest.raises(ConfigError, match="not laid out as voc, which is JPEGImages"):
        find_layout(tmp_path, "voc")
