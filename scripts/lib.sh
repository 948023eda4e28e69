# shellcheck shell=bash
# What the scripts share. Sourced, never run.
#
# Sets: ROOT (the repository), BUILD (where presets build), LOGS.
# Functions say what they do on stderr; a failing command shows the end of its
# log and returns the status of the command.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
BUILD="$ROOT/build"
LOGS="$BUILD/logs"
JOBS="${VUSPEC_JOBS:-$(nproc)}"

# So that the reports of clang's sanitizers name functions and lines.
for symbolizer in /usr/lib/llvm-{14,*}/bin/llvm-symbolizer; do
  if [[ -x "$symbolizer" ]]; then
    export ASAN_SYMBOLIZER_PATH="$symbolizer"
    break
  fi
done

# A clone in another folder finds what was compiled before, with precompiled
# headers, too.
export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS="pch_defines,time_macros"

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# quietly NAME COMMAND...: output into LOGS/NAME.log, its end shown on failure.
quietly() {
  local name="$1" status=0
  shift
  mkdir -p "$LOGS"
  "$@" >"$LOGS/$name.log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    tail -n 120 "$LOGS/$name.log" >&2
    say "failed with status $status: $*"
    say "whole log: $LOGS/$name.log"
  fi
  return "$status"
}

# calmly COMMAND...: without address randomisation where the kernel uses more
# random bits than the sanitizers of older compilers can live with.
calmly() {
  local bits
  bits="$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)"
  if ((bits > 28)) && setarch "$(uname -m)" -R true 2>/dev/null; then
    setarch "$(uname -m)" -R "$@"
  else
    "$@"
  fi
}

# build PRESET [TARGET...]: configure and build; everything without a target.
build() {
  local preset="$1"
  shift
  local targets=()
  if (($# > 0)); then targets=(--target "$@"); fi
  if [[ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ]] && command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
  (cd "$ROOT" && quietly "configure-$preset" cmake --preset "$preset") &&
    (cd "$ROOT" && quietly "build-$preset" calmly \
      cmake --build --preset "$preset" --parallel "$JOBS" "${targets[@]}")
}
