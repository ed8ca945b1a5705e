"""A stand-in for CUDA's driver, whose device memory is the host's.

With it FFmpeg makes, copies and frees real frames of its CUDA device on any machine;
nothing that computes, decodes or encodes there is in it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import av

__all__ = ["build_fake_cuda", "upload"]

_SOURCE = r"""
#include <stdlib.h>
#include <string.h>
typedef unsigned long long address;
struct copy {
    size_t sx, sy; int skind; char *shost; address sdev; void *sarray; size_t spitch;
    size_t dx, dy; int dkind; char *dhost; address ddev; void *darray; size_t dpitch;
    size_t width, height;
};
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGet(int *device, int n) { *device = n; return 0; }
int cuDeviceGetAttribute(int *value, int which, int n) { *value = 512; return 0; }
int cuDevicePrimaryCtxGetState(int n, unsigned *flags, int *is_active)
{ *flags = 4; *is_active = 1; return 0; }
int cuDevicePrimaryCtxRetain(void **c, int n) { *c = (void *)1; return 0; }
int cuCtxCreate_v2(void **c, unsigned flags, int n) { *c = (void *)1; return 0; }
int cuCtxPopCurrent_v2(void **c) { if (c) *c = (void *)1; return 0; }
int cuMemAlloc_v2(address *p, size_t n)
{ *p = (address)aligned_alloc(512, (n + 511) / 512 * 512); return 0; }
int cuMemFree_v2(address p) { free((void *)p); return 0; }
int cuMemcpy2D_v2(const struct copy *c)
{
    char *from = c->skind == 1 ? c->shost : (char *)c->sdev;
    char *to = c->dkind == 1 ? c->dhost : (char *)c->ddev;
    from += c->sy * c->spitch + c->sx;
    to += c->dy * c->dpitch + c->dx;
    for (size_t i = 0; i < c->height; i++)
        memcpy(to + i * c->dpitch, from + i * c->spitch, c->width);
    return 0;
}
int cuMemcpy2DAsync_v2(const struct copy *c, void *stream) { return cuMemcpy2D_v2(c); }
"""


def build_fake_cuda(folder: Path) -> bool:
    """Compile it as ``libcuda.so.1``; False where there is no compiler."""
    compiler = shutil.which("cc")
    libraries = Path(av.__file__).parents[1] / "av.libs"
    found = next(libraries.glob("libavutil*"), None)
    if compiler is None or found is None:
        return False
    # FFmpeg loads every function that it knows of, and calls few.
    names = {one.decode() for one in re.findall(rb"\0(cu[A-Z]\w+)", found.read_bytes())}
    missing = sorted(name for name in names if f"int {name}(" not in _SOURCE)
    source = _SOURCE + "".join(f"int {name}() {{ return 0; }}\n" for name in missing)
    subprocess.run(
        f"{compiler} -shared -fPIC -w -x c - -o libcuda.so.1".split(),
        cwd=folder,
        input=source.encode(),
        check=True,
    )
    return True


def upload(picture: av.VideoFrame) -> av.VideoFrame:
    """Bring a picture to the device as NVDEC would have left it there."""
    picture = picture.reformat(format="nv12")
    graph = av.filter.Graph()
    source = graph.add(
        "buffer",
        video_size=f"{picture.width}x{picture.height}",
        pix_fmt="nv12",
        time_base="1/25",
        colorspace=str(picture.colorspace),
        range=str(picture.color_range),
    )
    upload, sink = graph.add("hwupload_cuda"), graph.add("buffersink")
    graph.link_nodes(source, upload, sink).configure()
    graph.vpush(picture)
    return graph.vpull()
