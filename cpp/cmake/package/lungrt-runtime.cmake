# lungrt_install_runtime(COMPONENTS <component>... DESTINATION <folder>): adds the shared core and
# the libraries that it opens to the installation of the calling project, all in one folder, where
# the core finds them.
function(lungrt_install_runtime)
  cmake_parse_arguments(PARSE_ARGV 0 wanted "" DESTINATION COMPONENTS)
  if(NOT wanted_DESTINATION OR NOT wanted_COMPONENTS OR wanted_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "lungrt_install_runtime requires the arguments "
                        "COMPONENTS <component>... DESTINATION <folder>")
  endif()
  foreach(component IN LISTS wanted_COMPONENTS)
    if(NOT TARGET lungrt::${component})
      message(FATAL_ERROR "lungrt_install_runtime: component '${component}' was not found; add it "
                          "to the components of find_package(lungrt)")
    endif()
    get_target_property(file lungrt::${component} LUNGRT_RUNTIME_LIBRARY)
    get_target_property(type lungrt::${component} TYPE)
    if(file)
      install(FILES ${file} DESTINATION ${wanted_DESTINATION})
    elseif(type STREQUAL SHARED_LIBRARY)
      install(FILES $<TARGET_FILE:lungrt::${component}> DESTINATION ${wanted_DESTINATION})
    endif()
  endforeach()
endfunction()
