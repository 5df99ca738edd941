# nlohmann-json: the system's package, or the headers in its Python distribution.
find_package(nlohmann_json 3.11 CONFIG QUIET)
if(NOT nlohmann_json_FOUND)
  lungrt_find_package_folder(nlohmann_json_folder nlohmann_json)
  find_path(
    LUNGRT_NLOHMANN_JSON_INCLUDE nlohmann/json.hpp
    HINTS ${nlohmann_json_folder} ${Python_SITELIB}
    PATH_SUFFIXES include nlohmann_json/include REQUIRED)
  add_library(nlohmann_json::nlohmann_json INTERFACE IMPORTED)
  set_target_properties(
    nlohmann_json::nlohmann_json PROPERTIES INTERFACE_INCLUDE_DIRECTORIES
                                            ${LUNGRT_NLOHMANN_JSON_INCLUDE})
endif()
