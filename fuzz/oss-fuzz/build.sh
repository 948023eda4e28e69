#!/bin/bash -eu
# Builds every fuzzer into $OUT, with seeds, dictionary and options, as
# OSS-Fuzz and ClusterFuzzLite ask for it. Needs no container: with
#   CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE OUT
# set it runs anywhere (fuzz/README.md has a line to copy). $SRC/vuspec is the
# source; without $SRC it is the checkout that this file lies in.
source="${SRC:+$SRC/vuspec}"
source="${source:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
build="${WORK:-$(mktemp -d)}/vuspec"

# The sanitizers are in the flags already.
cmake -S "$source" -B "$build" -G Ninja \
  -DCMAKE_BUILD_TYPE=None \
  -DVU_BUILD_FUZZERS=ON -DVU_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" \
  -DVU_BUILD_TESTS=OFF -DVU_BUILD_BENCHMARKS=OFF -DVU_INSTALL=OFF \
  -DVU_WERROR=OFF
cmake --build "$build" --target fuzzers

for program in "$build"/fuzz/*_fuzzer; do
  name="$(basename "$program" _fuzzer)"
  cp "$program" "$OUT/"
  seeds=("$source/corpus/$name"/*)
  if [[ -d "$source/corpus/regressions/$name" ]]; then
    seeds+=("$source/corpus/regressions/$name"/*)
  fi
  rm -f "$OUT/${name}_fuzzer_seed_corpus.zip"
  python3 -m zipfile -c "$OUT/${name}_fuzzer_seed_corpus.zip" "${seeds[@]}"
  dictionary="$source/fuzz/$name.dict"
  [[ -f "$dictionary" ]] || dictionary="$source/fuzz/vhost_user.dict"
  cp "$dictionary" "$OUT/${name}_fuzzer.dict"
  cp "$source/fuzz/$name.options" "$OUT/${name}_fuzzer.options"
done
