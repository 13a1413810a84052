# The library as others use it: hdrive::hdrive, by find_package(hdrive) or add_subdirectory.
# (The target `hdrive` is the program.)
option(HD_INSTALL "Make rules that install the library" ${PROJECT_IS_TOP_LEVEL})

set(HD_PUBLIC_INCLUDE ${PROJECT_BINARY_DIR}/include)
configure_file(cmake/hdrive.h.in ${HD_PUBLIC_INCLUDE}/hdrive/hdrive.h @ONLY)

add_library(hdrive_library INTERFACE)
add_library(hdrive::hdrive ALIAS hdrive_library)
set_target_properties(hdrive_library PROPERTIES EXPORT_NAME hdrive)
target_compile_features(hdrive_library INTERFACE cxx_std_20)
target_include_directories(hdrive_library INTERFACE
  $<BUILD_INTERFACE:${HD_PUBLIC_INCLUDE}> $<INSTALL_INTERFACE:include>)
target_link_libraries(hdrive_library INTERFACE hd_samplers hd_policies hd_core)

if(HD_INSTALL)
  include(CMakePackageConfigHelpers)
  set(HD_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/hdrive)

  # A component of its own, so that the library can be installed without the programs.
  set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME library)
  install(TARGETS hdrive_library hd_samplers hd_policies hd_core EXPORT hdriveTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  # include/hdrive is where the targets look (cmake/Warnings.cmake).
  install(FILES ${HD_PUBLIC_INCLUDE}/hdrive/hdrive.h DESTINATION include/hdrive)
  foreach(folder engine/core samplers policies)
    install(DIRECTORY ${folder}/ DESTINATION include/hdrive/${folder}
      FILES_MATCHING PATTERN "*.h" PATTERN "gp" EXCLUDE)
  endforeach()

  configure_package_config_file(cmake/hdriveConfig.cmake.in hdriveConfig.cmake
    INSTALL_DESTINATION ${HD_PACKAGE_DIR})
  write_basic_package_version_file(hdriveConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(EXPORT hdriveTargets NAMESPACE hdrive:: DESTINATION ${HD_PACKAGE_DIR})
  install(FILES
    ${PROJECT_BINARY_DIR}/hdriveConfig.cmake ${PROJECT_BINARY_DIR}/hdriveConfigVersion.cmake
    DESTINATION ${HD_PACKAGE_DIR})
  unset(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME)
endif()
