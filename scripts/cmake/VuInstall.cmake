# Install rules: the program, and the rooms as the package vuspec:: with its
# headers under include/vuspec. Which packages the exported targets need is
# read off the targets themselves.
include(CMakePackageConfigHelpers)

if(TARGET vuspec)
  install(TARGETS vuspec RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

if(VU_FETCHED)
  # Exported targets must not point into somebody's build directory.
  message(STATUS "No package to install: fetched ${VU_FETCHED}")
  return()
endif()

get_property(vu_libraries GLOBAL PROPERTY VU_LIBRARIES)
set(vu_packages "")
foreach(library IN LISTS vu_libraries)
  get_target_property(links ${library} LINK_LIBRARIES)
  foreach(link IN LISTS links)
    if(link MATCHES "^([A-Za-z0-9_]+)::" AND NOT CMAKE_MATCH_1 STREQUAL "vuspec")
      list(APPEND vu_packages ${CMAKE_MATCH_1})
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES vu_packages)
list(SORT vu_packages)
set(VU_FIND_DEPENDENCIES "")
foreach(package IN LISTS vu_packages)
  string(APPEND VU_FIND_DEPENDENCIES "find_dependency(${package})\n")
endforeach()

set(vu_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vuspec)
install(TARGETS ${vu_libraries} EXPORT vuspecTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT vuspecTargets NAMESPACE vuspec:: DESTINATION ${vu_package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/protocol ${PROJECT_SOURCE_DIR}/harness
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/vuspec
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "*test_support.h" EXCLUDE)
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/vuspecConfig.cmake.in
  ${PROJECT_BINARY_DIR}/vuspecConfig.cmake
  INSTALL_DESTINATION ${vu_package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vuspecConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vuspecConfig.cmake
  ${PROJECT_BINARY_DIR}/vuspecConfigVersion.cmake
  DESTINATION ${vu_package_dir})
