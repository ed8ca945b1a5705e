#!/bin/sh
# Build the image without Docker and start it: buildah, on a base made by debootstrap.
#   apt-get install buildah debootstrap
#   docker/check-build.sh
# Needs root, 20 GB of disk and half an hour: torch and CUDA are 6 GB. PIP_CONF may name a
# pip.conf for another registry. CI does not run this.
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Without overlayfs, and without the right to make namespaces, as inside a container.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
  bookworm "$work/root"
# A registry behind a proxy of the house wants the certificates of this machine.
cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/"
base=$(buildah from scratch)
buildah add --quiet "$base" "$work/root" /
buildah commit --quiet "$base" localhost/maskstream-base
buildah rm "$base"

buildah bud --build-arg BASE=localhost/maskstream-base --file docker/Dockerfile \
  ${PIP_CONF:+--secret "id=pip,src=$PIP_CONF"} --tag localhost/maskstream .

image=$(buildah from localhost/maskstream)
buildah run "$image" -- maskstream doctor
test "$(buildah run "$image" -- id -u)" = 10001
buildah rm "$image"
echo "built and started: localhost/maskstream"
