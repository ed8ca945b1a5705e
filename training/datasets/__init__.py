"""Data sets as they lie on the disk.

A layout lists the files of a split and knows how their labels are written:

    folder.py      one's own pictures        class_file.py  tables beside pictures
    camvid.py      SegNet's and original     labels.py      ids and colours
    cityscapes.py  folders and joined pairs  layout.py      what a layout tells
    voc.py         VOC 2011, 2012 and SBD    detect.py      which one a folder has
    kitti.py       road
"""

from maskstream.training.datasets.detect import LAYOUTS, find_layout
from maskstream.training.datasets.labels import VOID, Labels, Picture
from maskstream.training.datasets.layout import Layout, Listing

__all__ = [
    "LAYOUTS",
    "VOID",
    "Labels",
    "Layout",
    "Listing",
    "Picture",
    "find_layout",
]
