-- The same program for LuaJIT, whose FFI reads the header's own declarations.
--
-- diagnose.lua DECLARATIONS LIBRARY BUNDLE FILE SLICES ROWS COLUMNS SPACING_X Y Z ORIGIN_X Y Z

local ffi = require("ffi")

local function read_file(name)
  local file = assert(io.open(name, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

ffi.cdef(read_file(arg[1]))
local lungrt = ffi.load(arg[2])

local function require_ok(status)
  if status ~= lungrt.LUNGRT_OK then
    error(ffi.string(lungrt.lungrt_last_error()))
  end
end

local function sized(name)
  local value = ffi.new(name)
  value.struct_size = ffi.sizeof(name)
  return value
end

-- Where a function gives a handle; Lua frees what is in it.
local function handle(name)
  return ffi.new(name .. "*[1]")
end

require_ok(lungrt.lungrt_check_c_abi(1))

local options = sized("lungrt_pipeline_options")
local engine = "native"
options.engine = engine
options.threads = 1
local pipeline = handle("lungrt_pipeline")
require_ok(lungrt.lungrt_pipeline_open(arg[3], options, pipeline))

local description = sized("lungrt_volume_description")
local voxels = read_file(arg[4])
local series = "1.2"
description.voxels = voxels
description.voxels_size = #voxels
description.series_uid = series
for i = 0, 2 do
  description.shape[i] = tonumber(arg[5 + i])
  description.spacing_mm[i] = tonumber(arg[8 + i])
  description.origin_mm[i] = tonumber(arg[11 + i])
  description.direction[4 * i] = 1
end
local volume = handle("lungrt_volume")
require_ok(lungrt.lungrt_volume_create(description, volume))

local seen, last = "progress", nil
local progress = ffi.cast("lungrt_progress_callback", function(_, stage)
  local name = ffi.string(stage)
  if name ~= last then seen = seen .. " " .. name end
  last = name
end)
local run_options = sized("lungrt_run_options")
run_options.progress = progress
local report = handle("lungrt_report")
jit.off() -- callbacks may not be reached from compiled code
require_ok(lungrt.lungrt_pipeline_run(pipeline[0], volume[0], run_options, report))

local summary = sized("lungrt_report_summary")
require_ok(lungrt.lungrt_report_summarise(report[0], summary))
for i = 0, tonumber(summary.nodule_count) - 1 do
  local nodule = sized("lungrt_finding")
  require_ok(lungrt.lungrt_report_nodule(report[0], i, nodule))
  print(string.format("%.17g %.17g %.17g %.17g %s %.17g", nodule.center_mm[0],
    nodule.center_mm[1], nodule.center_mm[2], nodule.p_nodule,
    nodule.has_p_malignant == 1 and string.format("%.17g", nodule.p_malignant) or "nan",
    nodule.diameter_mm))
end
print(seen)

local none = handle("lungrt_report")
local refused = lungrt.lungrt_pipeline_run(pipeline[0], nil, nil, none)
print("refused " .. ffi.string(lungrt.lungrt_status_name(refused)) .. " "
  .. ffi.string(lungrt.lungrt_last_error()))

local json = ffi.new("char*[1]")
require_ok(lungrt.lungrt_report_json(report[0], 1, json))
print(ffi.string(json[0]))

lungrt.lungrt_text_free(json[0])
lungrt.lungrt_report_free(report[0])
lungrt.lungrt_volume_free(volume[0])
lungrt.lungrt_pipeline_free(pipeline[0])
progress:free()
