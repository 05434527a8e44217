#!/usr/bin/env bash
# PyTorch 2.6, with numpy and safetensors, on a Debian whose own is older; without root, and without touching the system.
#
#   test/interop/pytorch2.sh                 installs it (once: 900 MB in ~/.cache/sgd-wasm) and prints its version
#   test/interop/pytorch2.sh --installed     fails where it is missing
#   test/interop/pytorch2.sh FILE [ARG…]     runs a Python file with it; installs it first where it is missing
#
# With PYTORCH2_SUITE=forky it is the one of Debian testing: 2.14, of which some fixtures are.
#
# The packages are downloaded from the mirror that this machine's apt uses (or DEBIAN_MIRROR), checked by apt against Debian's
# keys, and unpacked into a folder. Its own loader and C library run them.
set -euo pipefail

suite=${PYTORCH2_SUITE:-trixie}
packages=(python3-torch python3-numpy python3-safetensors)
root=${XDG_CACHE_HOME:-$HOME/.cache}/sgd-wasm/pytorch2-$suite
architecture=$(dpkg --print-architecture)
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")

mirror() {
  if [ -n "${DEBIAN_MIRROR:-}" ]; then echo "$DEBIAN_MIRROR"; return; fi
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1
}

# Downloads the packages and all that they depend on, as apt would for a system on which nothing is installed.
download() {
  local apt=$1 source
  source=$(mirror)
  [ -n "$source" ] || { echo "apt has no mirror of Debian here (apt-get update first, or set DEBIAN_MIRROR)" >&2; exit 1; }
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
  : > "$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source $suite main" > "$apt/sources.list"
  local options=(-qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State="$apt/state" -o Dir::State::Status="$apt/status" -o Dir::Cache="$apt/cache"
    -o APT::Sandbox::User="$(id -un)" -o APT::Architecture="$architecture" -o Debug::NoLocking=1)
  apt-get "${options[@]}" update >&2
  apt-get "${options[@]}" install --download-only -y --no-install-recommends "${packages[@]}" >&2
}

install() {
  local apt=$root.download unpacked=$root.unpacked
  rm -rf "$unpacked" "$apt"
  mkdir -p "$unpacked"
  # Debian's folders are merged: /lib is a link to /usr/lib.
  for name in bin lib lib64 sbin; do mkdir -p "$unpacked/usr/$name"; ln -s "usr/$name" "$unpacked/$name"; done
  download "$apt"
  for package in "$apt"/cache/archives/*.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$unpacked"; done
  rm -rf "$apt" "$unpacked"/usr/share/{doc,man,locale}
  # Last, and at once: what was interrupted is not taken for whole.
  rm -rf "$root"
  mv "$unpacked" "$root"
}

run() {
  local libraries=$root/usr/lib/$triplet loader
  loader=$(find "$root/usr/lib64" "$root/usr/lib" "$libraries" -maxdepth 1 -name 'ld-linux-*' 2>/dev/null | head -n 1)
  # What Debian's alternatives would choose has folders of its own.
  PYTHONHOME=$root/usr PYTHONPATH=$root/usr/lib/python3/dist-packages PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1 \
    exec "$loader" --library-path "$libraries:$libraries/blas:$libraries/lapack:$libraries/openblas-pthread:$root/usr/lib" "$root/usr/bin/python3" "$@"
}

if [ "${1:-}" = --installed ]; then test -d "$root"; exit; fi
if [ ! -d "$root" ]; then
  mkdir -p "$(dirname "$root")"
  exec 9> "$root.lock"
  flock 9
  [ -d "$root" ] || install
  exec 9>&-
fi
if [ $# -eq 0 ]; then set -- -c 'import torch; print(torch.__version__)'; fi
run "$@"
