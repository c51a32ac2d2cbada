# `cmake --install`: libraries, headers, the CMake package and the pkg-config files.

include(CMakePackageConfigHelpers)
set(fornax_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/fornax")

install(TARGETS fornax EXPORT fornaxTargets)
install(EXPORT fornaxTargets NAMESPACE fornax:: DESTINATION "${fornax_cmake_dir}")
if(TARGET fornax_data)
  install(TARGETS fornax_data EXPORT fornaxDataTargets)
  install(EXPORT fornaxDataTargets NAMESPACE fornax:: DESTINATION "${fornax_cmake_dir}")
endif()
install(TARGETS fornax_train EXPORT fornaxTrainTargets)
install(EXPORT fornaxTrainTargets NAMESPACE fornax:: DESTINATION "${fornax_cmake_dir}")
install(DIRECTORY src/fornax DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.def")

# The Learner may read files through fornax::data.
get_target_property(fornax_train_links fornax_train LINK_LIBRARIES)
set(fornax_train_needs_data FALSE)
set(fornax_train_pc_requires "")
if("fornax_data" IN_LIST fornax_train_links)
  set(fornax_train_needs_data TRUE)
  set(fornax_train_pc_requires ", fornax-data = ${PROJECT_VERSION}")
endif()

configure_package_config_file(cmake/fornaxConfig.cmake.in "${PROJECT_BINARY_DIR}/fornaxConfig.cmake"
                              INSTALL_DESTINATION "${fornax_cmake_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fornaxConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/fornaxConfig.cmake" "${PROJECT_BINARY_DIR}/fornaxConfigVersion.cmake"
              cmake/FindDNNL.cmake DESTINATION "${fornax_cmake_dir}")

# A static library has its dependencies on the user's link line; a shared one has linked them itself.
set(fornax_pc_libs "")
set(fornax_data_pc_requires "")
if(NOT FORNAX_SHARED)
  set(fornax_pc_libs "-llapack -lblas -fopenmp -pthread")
  if(FORNAX_WITH_ONEDNN)
    string(PREPEND fornax_pc_libs "-ldnnl ")
  endif()
  set(fornax_data_pc_requires ", zlib")
  foreach(reader "PNG:libpng" "JPEG:libjpeg" "SQLite3:sqlite3")
    string(REPLACE ":" ";" reader "${reader}")
    list(GET reader 0 package)
    list(GET reader 1 module)
    if(package IN_LIST fornax_data_readers)
      string(APPEND fornax_data_pc_requires ", ${module}")
    endif()
  endforeach()
endif()
# The prefix is found from where the file lies, so that an installed tree can be moved.
file(RELATIVE_PATH fornax_pc_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
foreach(name fornax fornax-data fornax-train)
  if(NOT name STREQUAL "fornax-data" OR TARGET fornax_data)
    configure_file(cmake/${name}.pc.in "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  endif()
endforeach()
