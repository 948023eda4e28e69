# The functions every room builds its targets with, so that warnings,
# sanitizers and test timeouts are decided in one place.

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
if(VU_BUILD_TESTS OR NOT VU_BUILD_FUZZERS)
  # The conformance cases are GoogleTest tests, so the program needs it too.
  find_package(GTest REQUIRED)
endif()

add_library(vu_flags INTERFACE)
target_compile_options(vu_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wundef -Werror
  -fno-strict-overflow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 with sanitizers warns about values it cannot follow.
  target_compile_options(vu_flags INTERFACE -Wno-maybe-uninitialized)
endif()
if(VU_SANITIZE)
  add_compile_options(-fsanitize=${VU_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${VU_SANITIZE})
  if(NOT VU_SANITIZE MATCHES "thread")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
endif()

# vu_library(<name> SOURCES ... [DEPENDS ...]): static library vu_<name>.
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
  set_target_properties(vu_${name} PROPERTIES EXPORT_NAME ${name})
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
    ${ARG_DEPENDS} vu_flags GTest::gmock GTest::gtest_main)
  include(GoogleTest)
  gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
