# The libraries we use: those of the system where it has them, and otherwise a
# pinned release from its project. VU_FETCHED lists what was not found.
include(FetchContent)
find_package(Threads REQUIRED)
set(VU_FETCHED "")

# vu_dependency(<package> <repository> <tag>): a macro, because find_package
# and FetchContent set variables that the caller needs.
macro(vu_dependency package repository tag)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(STATUS "${package} is not installed: fetching ${tag}")
    list(APPEND VU_FETCHED ${package})
    FetchContent_Declare(${package} GIT_REPOSITORY https://${repository}.git
      GIT_TAG ${tag} GIT_SHALLOW ON)
    FetchContent_MakeAvailable(${package})
  endif()
endmacro()

set(ABSL_PROPAGATE_CXX_STD ON)
set(ABSL_USE_SYSTEM_INCLUDES ON)
set(INSTALL_GTEST OFF)
set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)
set(BENCHMARK_USE_BUNDLED_GTEST OFF)

vu_dependency(absl github.com/abseil/abseil-cpp 20230802.1)
# The conformance cases are GoogleTest tests, so the program needs it too.
vu_dependency(GTest github.com/google/googletest v1.14.0)
vu_dependency(CLI11 github.com/CLIUtils/CLI11 v2.3.2)
vu_dependency(nlohmann_json github.com/nlohmann/json v3.11.2)
vu_dependency(pugixml github.com/zeux/pugixml v1.13)
if(VU_BUILD_BENCHMARKS)
  vu_dependency(benchmark github.com/google/benchmark v1.7.1)
endif()

# toml++ is used as headers only, so that no library has to be found later.
find_path(VU_TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h)
if(NOT VU_TOMLPLUSPLUS_INCLUDE_DIR)
  list(APPEND VU_FETCHED tomlplusplus)
  FetchContent_Declare(tomlplusplus
    GIT_REPOSITORY https://github.com/marzer/tomlplusplus.git
    GIT_TAG v3.3.0 GIT_SHALLOW ON)
  FetchContent_MakeAvailable(tomlplusplus)
  set(VU_TOMLPLUSPLUS_INCLUDE_DIR ${tomlplusplus_SOURCE_DIR}/include
      CACHE PATH "Where toml++/toml.h is" FORCE)
endif()
