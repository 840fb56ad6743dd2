#!/usr/bin/env bash
#
# test_install.sh CMAKE CC CXX: installs the library into an empty folder and builds an embedding program in C
# and one in C++ against nothing but what pkg-config says about it.

set -euo pipefail
readonly cmake=$1 cc=$2 cxx=$3
readonly source=$ENGAGED_SOURCE_DIR
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$ENGAGED_BINARY_DIR" --prefix "$work/usr" --component library >"$work/log"
# The folders' names as CMake chose them differ between systems (lib, lib64, lib/<triplet>).
pc=$(find "$work/usr" -name engaged.pc)
[ -n "$pc" ] || { echo "engaged.pc was not installed" >&2; exit 1; }
export PKG_CONFIG_PATH=${pc%/*}
# The file says where `cmake --install` would put things by default; this is elsewhere.
read -ra flags <<<"$(pkg-config --define-variable=prefix="$work/usr" --cflags --libs engaged)"

"$cc" -std=c11 -Wall -Wextra -Werror "$source/examples/embed/embed.c" -o "$work/embed" "${flags[@]}"
"$cxx" -std=c++11 -Wall -Wextra -Werror "$source/tests/embed/headers.cc" -o "$work/headers" "${flags[@]}"
"$work/embed" "$source/examples/embed/model.yaml" | diff - "$source/examples/embed/expected.txt"
"$work/headers" "$source/examples/embed/model.yaml"
echo "embedded from C and C++"
