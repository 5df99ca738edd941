/// The list of engines as JSON, the same text for C, C++, Python and the command line.

#include "lungrt/engines.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lungrt {

using Json = nlohmann::ordered_json;

std::string to_json(const std::vector<EngineInfo>& engines) {
  Json list = Json::array();
  for (const EngineInfo& engine : engines) {
    Json value;
    value["name"] = engine.name;
    value["artifact_format"] = engine.artifact_format;
    value["available"] = engine.available;
    value["version"] = engine.version;
    value["library"] = engine.library;
    value["reason"] = engine.reason;
    value["devices"] = engine.devices;
    value["precisions"] = engine.precisions;
    list.push_back(std::move(value));
  }
  // A path or a reason that is not UTF-8 must not make everything fail.
  return list.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lungrt
