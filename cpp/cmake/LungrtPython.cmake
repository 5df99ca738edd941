# The Python whose site-packages contain the build's dependencies: nlohmann-json, pybind11, torch.
# Packages are located without importing them, since importing torch takes a second and may fail.

set(PYBIND11_FINDPYTHON ON)
find_package(Python REQUIRED COMPONENTS Interpreter OPTIONAL_COMPONENTS Development.Module)

# lungrt_find_package_folder(<variable> <module>): folder of an installed Python package, or empty.
function(lungrt_find_package_folder variable module)
  execute_process(
    COMMAND
      ${Python_EXECUTABLE} -c
      "import importlib.util as u; s = u.find_spec('${module}'); \
p = list(s.submodule_search_locations or []) if s else []; print(p[0] if p else '')"
    OUTPUT_VARIABLE folder
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${folder}" PARENT_SCOPE)
endfunction()
