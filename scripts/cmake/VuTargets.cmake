# The functions every room builds its targets with, so that warnings,
# sanitizers and test timeouts are decided in one place.

# Warnings are errors with the compilers that the project is tested with; what
# a newer one warns about must not keep anybody from building.
set(VU_WERROR_DEFAULT OFF)
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND
    CMAKE_CXX_COMPILER_VERSION MATCHES "^12[.]") OR
   (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND
    CMAKE_CXX_COMPILER_VERSION MATCHES "^14[.]"))
  set(VU_WERROR_DEFAULT ON)
endif()
option(VU_WERROR "Treat warnings as errors" ${VU_WERROR_DEFAULT})

add_library(vu_flags INTERFACE)
target_compile_options(vu_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wundef -fno-strict-overflow
  $<$<BOOL:${VU_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns of these in its own containers once it has inlined them, and
  # with sanitizers of values that it cannot follow.
  target_compile_options(vu_flags INTERFACE
    -Wno-array-bounds -Wno-maybe-uninitialized -Wno-restrict
    -Wno-stringop-overflow -Wno-stringop-overread)
endif()
# Tests and cases wait more than they compute, and to optimise what is
# instrumented takes a large part of the time that their files need.
set(VU_TEST_FLAGS "" CACHE STRING "Compiler flags of tests and cases only")
add_library(vu_test_flags INTERFACE)
target_compile_options(vu_test_flags INTERFACE ${VU_TEST_FLAGS})
target_link_libraries(vu_test_flags INTERFACE vu_flags)
if(VU_SANITIZE)
  add_compile_options(-fsanitize=${VU_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${VU_SANITIZE})
  if(NOT VU_SANITIZE MATCHES "thread")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
endif()
# What the fuzzers are linked with; OSS-Fuzz brings an engine of its own.
set(VU_FUZZING_ENGINE "-fsanitize=fuzzer" CACHE STRING "Fuzzing engine")
if(VU_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "VU_BUILD_FUZZERS needs clang, for libFuzzer")
  endif()
  # Everything feeds the coverage that guides the fuzzers. Its edges do: the
  # numbers that a message is compared with are in the dictionary, and to report
  # each comparison costs as much as all the parsing.
  add_compile_options(-fsanitize=fuzzer-no-link
    -fno-sanitize-coverage=trace-cmp,indirect-calls)
  if(VU_SANITIZE MATCHES "address")
    # Off unless asked for at run time; this leaves the question out.
    add_compile_options(-fsanitize-address-use-after-return=never)
  endif()
endif()

# What most files include is parsed once for many of them, which saves more than
# a third of a build. It names other people's headers only, so that a change of ours
# does not build the world, and in <>, so that a compiler cache sees the same text
# in every clone. CMAKE_DISABLE_PRECOMPILE_HEADERS (preset tsan) builds without it:
# every file still includes what it uses.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Or a compiler cache would take each for a new one.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
set(VU_COMMON_HEADERS <algorithm> <array> <chrono> <cstddef> <cstdint>
  <functional> <map> <memory> <optional> <set> <span> <string> <string_view>
  <utility> <variant> <vector> <absl/status/statusor.h>
  <absl/strings/str_cat.h>)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cc CONTENT "")
add_library(vu_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
target_link_libraries(vu_precompiled PRIVATE
  absl::statusor absl::strings vu_flags)
target_precompile_headers(vu_precompiled PRIVATE ${VU_COMMON_HEADERS})
if(VU_BUILD_TESTS)
  add_library(vu_precompiled_test OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_link_libraries(vu_precompiled_test PRIVATE
    absl::statusor absl::strings GTest::gmock vu_test_flags)
  target_precompile_headers(vu_precompiled_test PRIVATE
    ${VU_COMMON_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# vu_library(<name> SOURCES ... [DEPENDS ...]): static library vu_<name>,
# installed as vuspec::<name>.
function(vu_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(vu_${name} STATIC ${ARG_SOURCES})
  add_library(vuspec::${name} ALIAS vu_${name})
  target_include_directories(vu_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/vuspec>)
  target_compile_features(vu_${name} PUBLIC cxx_std_20)
  target_link_libraries(vu_${name}
    PUBLIC ${ARG_DEPENDS} PRIVATE $<BUILD_INTERFACE:vu_flags>)
  if(NOT name STREQUAL "protocol")  # it knows nothing but the standard library
    target_precompile_headers(vu_${name} REUSE_FROM vu_precompiled)
  endif()
  set_target_properties(vu_${name} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY VU_LIBRARIES vu_${name})
endfunction()

# vu_test(<name> SOURCES ... [DEPENDS ...] [LABELS ...] [TIMEOUT seconds]):
# one GoogleTest binary <name>_test per room, each test seen by ctest.
function(vu_test name)
  if(NOT VU_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE
    ${ARG_DEPENDS} vu_test_flags GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name}_test REUSE_FROM vu_precompiled_test)
  gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# vu_fuzzer(<name> SOURCES ... [DEPENDS ...] [TIMEOUT seconds]): the program
# <name>_fuzzer. With VU_BUILD_FUZZERS it is a libFuzzer program, part of the
# target `fuzzers`. Otherwise fuzz/replay_main.cc runs it over the files of
# corpus/<name> and corpus/regressions/<name>, which ctest does under the label
# corpus, with every compiler and sanitizer.
function(vu_fuzzer name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT VU_BUILD_FUZZERS AND NOT VU_BUILD_TESTS)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name}_fuzzer ${ARG_SOURCES})
  target_link_libraries(${name}_fuzzer PRIVATE ${ARG_DEPENDS} vu_flags)
  if(VU_BUILD_FUZZERS)
    target_link_libraries(${name}_fuzzer PRIVATE ${VU_FUZZING_ENGINE})
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name}_fuzzer)
    return()
  endif()
  target_sources(${name}_fuzzer PRIVATE
    ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
  set(seeds ${PROJECT_SOURCE_DIR}/corpus/${name})
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/corpus/regressions/${name})
    list(APPEND seeds ${PROJECT_SOURCE_DIR}/corpus/regressions/${name})
  endif()
  add_test(NAME corpus.${name} COMMAND ${name}_fuzzer ${seeds})
  set_tests_properties(corpus.${name} PROPERTIES
    LABELS corpus TIMEOUT ${ARG_TIMEOUT})
endfunction()

# vu_bench(<name> SOURCES ... [DEPENDS ...] [TIMEOUT seconds]): the Google
# Benchmark program <name>_bench, which brings its own main. ctest only proves,
# under the label bench-smoke, that it still runs; it measures nothing.
function(vu_bench name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name}_bench ${ARG_SOURCES})
  target_link_libraries(${name}_bench PRIVATE
    ${ARG_DEPENDS} vu_flags benchmark::benchmark)
  add_test(NAME bench.${name}
    COMMAND ${name}_bench --benchmark_min_time=0.01)
  set_tests_properties(bench.${name} PROPERTIES
    LABELS bench-smoke TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL ON)
endfunction()
