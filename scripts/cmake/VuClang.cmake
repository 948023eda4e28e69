# The toolchain file of the clang presets: clang 14, the version the project is
# written against, or else the newest that is here. A preset that silently fell
# back to g++ would test nothing, so a missing clang is an error.
if(NOT CMAKE_CXX_COMPILER)
  set(names clang++-14)
  foreach(version RANGE 29 15 -1)
    list(APPEND names clang++-${version})
  endforeach()
  find_program(VU_CLANGXX NAMES ${names} clang++)
  if(NOT VU_CLANGXX)
    message(FATAL_ERROR "This preset needs clang; scripts/setup installs it.")
  endif()
  set(CMAKE_CXX_COMPILER ${VU_CLANGXX})
endif()
