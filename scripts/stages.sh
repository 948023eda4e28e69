# shellcheck shell=bash
# The stages of scripts/test, one function each. Sourced.

# shellcheck disable=SC2034  # scripts/test prints it
declare -A ABOUT=(
  [format]="clang-format 14 has nothing to say"
  [dev]="g++, ASan and UBSan: unit tests, conformance on the mock, tidy tests"
  [clang]="clang, ASan and UBSan: the same, and the corpus replayed"
  [tsan]="clang, TSan: unit tests and conformance on the mock"
  [release]="g++ -O2, what users run: unit tests, conformance on the mock, corpus"
  [flakes]="20 full runs on the mock with every core loaded"
  [faults]="every fault is caught by its cases, every case is failed by a fault"
  [peers]="qemu-storage-daemon, testpmd and virtiofsd, against what is expected"
  [fuzz]="each fuzz target for ${VUSPEC_FUZZ_SECONDS:-30} s from its corpus"
  [bench]="each benchmark runs"
  [install]="a program of ten lines builds against the installed package"
)

# run_ctest PRESET ARGS...: prints the summary of ctest, everything on failure.
# No test found is a failure: a label that nobody carries would pass for ever.
run_ctest() {
  local preset="$1" log status=0
  shift
  mkdir -p "$LOGS"
  log="$LOGS/ctest-$preset.log"
  calmly ctest --test-dir "$BUILD/$preset" --output-on-failure \
    --no-tests=error --parallel "$JOBS" "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    grep -vE '^ *(Start|[0-9]+/[0-9]+ .* Passed) ' "$log" | tail -n 300
  else
    grep 'tests passed' "$log"
  fi
  return "$status"
}

SLOW='^(faults|bench-smoke)$'

# Tracked C++ files, or all of them where there is no repository (an archive).
cxx_files() {
  git -c safe.directory="$ROOT" -C "$ROOT" ls-files -z -- '*.cc' '*.h' \
    2>/dev/null ||
    (cd "$ROOT" && find . -path ./build -prune -o -name '*.cc' -print0 -o \
      -name '*.h' -print0)
}

stage_format() {
  if ! command -v clang-format-14 >/dev/null; then
    say "skipped: this release has no clang-format 14, and others differ"
    return 0
  fi
  local log="$LOGS/format.log"
  mkdir -p "$LOGS"
  if ! cxx_files |
    (cd "$ROOT" && xargs -0 -r clang-format-14 --dry-run -Werror) 2>"$log"; then
    say "clang-format-14 -i mends these ($log says where):"
    sed -nE 's/^([^: ]+):[0-9]+:[0-9]+: error.*/\1/p' "$log" | sort | uniq -c >&2
    return 1
  fi
}

stage_dev() {
  build dev
  run_ctest dev --label-exclude "$SLOW"
}

stage_clang() {
  build clang
  run_ctest clang --label-exclude "$SLOW"
}

# Only what has threads: the rest of the code is the same as in dev and clang.
stage_tsan() {
  build tsan vuspec transport_test memory_test ring_test backend_test \
    frontend_test program_test
  run_ctest tsan --label-regex '^(unit|conformance)$'
}

stage_release() {
  build release
  run_ctest release --label-exclude '^(faults|bench-smoke|peers)$'
}

stage_flakes() {
  build release vuspec
  "$ROOT/scripts/flakes" "${VUSPEC_FLAKE_RUNS:-20}"
}

stage_faults() {
  build release vuspec fault_matrix
  run_ctest release --label-regex '^faults$'
}

stage_peers() {
  build release vuspec
  "$ROOT/scripts/peers"
}

stage_fuzz() { "$ROOT/scripts/fuzz" all "${VUSPEC_FUZZ_SECONDS:-30}"; }

stage_bench() {
  build release codec_bench control_bench split_ring_bench
  run_ctest release --label-regex '^bench-smoke$' --parallel 1
}

stage_install() {
  build release vuspec
  local scratch
  scratch="$(mktemp -d)"
  # shellcheck disable=SC2064  # the path of now is meant
  trap "rm -rf '$scratch'" EXIT
  quietly install cmake --install "$BUILD/release" --prefix "$scratch/prefix"
  "$scratch/prefix/bin/vuspec" list >/dev/null
  quietly consumer-configure cmake -S "$ROOT/scripts/consumer" \
    -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$scratch/prefix"
  quietly consumer-build cmake --build "$scratch/build"
  "$scratch/build/consumer"
}
