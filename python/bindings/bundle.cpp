#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>
#include <pybind11/typing.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.h"
#include "lungrt/compiled.h"
#include "lungrt/error.h"
#include "lungrt/goldens.h"
#include "lungrt/verification.h"
#include "register.h"

namespace lungrt::python {

namespace fs = std::filesystem;
namespace py = pybind11;

namespace {

/// \throws Error kInvalidArgument unless it is a float32 array
GoldenTensor to_tensor(const py::object& given) {
  if (!py::isinstance<py::array>(given)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "output is a " + std::string(Py_TYPE(given.ptr())->tp_name) + ", expected a float32 array");
  }
  const auto array = py::reinterpret_borrow<py::array>(given);
  if (array.dtype().kind() != 'f' || array.itemsize() != 4) {
    throw Error(ErrorCode::kInvalidArgument,
                "output type " +
                    py::str(static_cast<py::object>(array.dtype())).cast<std::string>() +
                    ", expected float32");
  }
  const py::array values = contiguous<float>(array);
  const auto* first = static_cast<const float*>(values.data());
  return {{values.shape(), values.shape() + values.ndim()}, {first, first + values.size()}};
}

using Fields = py::typing::Dict<py::str, py::object>;
using Floats = py::array_t<float>;

Floats to_array(GoldenTensor tensor) {
  return take(std::move(tensor.values), {tensor.shape.begin(), tensor.shape.end()});
}

/// A text for people. It may name a path that is not UTF-8.
py::str readable(const std::string& text) {
  return py::bytes(text).attr("decode")("utf-8", "replace");
}

/// A text of Python as UTF-8. Surrogates, which stand for the bytes of a path that is not UTF-8,
/// are written as escapes.
std::string text_of(const py::object& text) {
  return text.attr("encode")("utf-8", "backslashreplace").cast<std::string>();
}

/// Calls Python. Exceptions become errors of lungrt whose text begins with their type; those that
/// end the program, such as KeyboardInterrupt, are left alone.
template <typename Call>
auto call_python(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    throw Error(ErrorCode::kInference,
                text_of(error.type().attr("__name__")) + ": " + text_of(py::str(error.value())));
  }
}

GoldenRun to_run(const py::object& function) {
  return [function](const GoldenTensor& input) {
    return to_tensor(call_python([&] { return function(to_array(input)); }));
  };
}

/// Name, format, version, why it is missing, whether it gives probabilities, and how to open.
using Runtime = std::tuple<std::string, std::string, std::string, std::string, bool, py::object>;

VerificationRuntime to_runtime(const Runtime& given) {
  const auto& [name, format, version, missing, gives_probabilities, open] = given;
  VerificationRuntime runtime{name, format, version, missing, gives_probabilities, {}};
  runtime.open = [open = open](const GoldenNetwork& network) {
    return to_run(call_python([&] {
      return open(fs::path(network.bundle), network.stage, network.member, fs::path(network.file),
                  network.input_name, network.output_name);
    }));
  };
  return runtime;
}

Fields to_dict(const GoldenComparison& found) {
  using namespace py::literals;
  return py::dict("values"_a = found.values, "max_absolute"_a = found.max_absolute,
                  "mean_absolute"_a = found.mean_absolute, "max_relative"_a = found.max_relative,
                  "mean_relative"_a = found.mean_relative, "decisions"_a = found.decisions,
                  "flips"_a = found.flips, "flips_outside_band"_a = found.flips_outside_band);
}

Fields to_dict(const VerifiedGolden& row) {
  using namespace py::literals;
  py::object comparison = py::none();
  if (row.comparison) comparison = to_dict(*row.comparison);
  return py::dict(
      "stage"_a = row.stage, "member"_a = row.member, "runtime"_a = row.engine,
      "version"_a = row.version,
      "tolerance"_a = py::dict("absolute"_a = row.absolute, "decision_band"_a = row.decision_band),
      "input"_a = row.golden, "shape"_a = py::tuple(py::cast(row.shape)),
      "comparison"_a = comparison, "problem"_a = readable(row.problem), "skipped"_a = row.skipped,
      "failed"_a = row.failed());
}

void register_goldens(py::module_& module) {
  py::class_<ComparisonRule>(module, "ComparisonRule",
                             "How the outputs of a stage's networks are compared.")
      .def(py::init([](std::int64_t classes, bool logits, double threshold, double absolute,
                       double decision_band) {
             return ComparisonRule{classes, logits, threshold, absolute, decision_band};
           }),
           py::kw_only(), py::arg("classes"), py::arg("logits"), py::arg("threshold"),
           py::arg("absolute"), py::arg("decision_band"));
  module.def(
      "read_goldens",
      [](const fs::path& file) {
        std::vector<std::pair<Floats, Floats>> goldens;
        for (Golden& golden : read_goldens(file.string())) {
          goldens.emplace_back(to_array(std::move(golden.input)),
                               to_array(std::move(golden.output)));
        }
        return goldens;
      },
      py::arg("file"), "Inputs and outputs of a file of goldens, as pairs of float32 arrays.");
  module.def(
      "compare",
      [](const py::object& actual, const py::object& eager, const ComparisonRule& rule,
         bool gives_probabilities) {
        return to_dict(compare(to_tensor(actual), to_tensor(eager), rule, gives_probabilities));
      },
      py::arg("actual"), py::arg("eager"), py::arg("rule"), py::arg("gives_probabilities") = false,
      "Differences between an output and the eager module's, both as probabilities.");
  module.def(
      "replay",
      [](const py::object& run, const py::object& input, const py::object& output,
         const ComparisonRule& rule, bool gives_probabilities) {
        return to_dict(
            replay(to_run(run), {to_tensor(input), to_tensor(output)}, rule, gives_probabilities));
      },
      py::arg("run"), py::arg("golden_input"), py::arg("golden_output"), py::arg("rule"),
      py::arg("gives_probabilities") = false,
      "Run a network on a golden's input and compare the output with the golden's.");
}

}  // namespace

void register_bundle(py::module_& module) {
  module.def(
      "read_manifest",
      [](const fs::path& bundle) {
        const std::string text = read_manifest(bundle.string());
        return Fields(py::module_::import("json").attr("loads")(text));
      },
      py::arg("bundle"), "Content of a bundle's manifest after it was validated.");
  module.def(
      "listed_files", [](const fs::path& bundle) { return listed_files(bundle.string()); },
      py::arg("bundle"),
      "Files that a bundle of any format version consists of, including its manifest.");
  module.def(
      "check_bundle", [](const fs::path& bundle) { check_bundle(bundle.string()); },
      py::arg("bundle"), py::call_guard<py::gil_scoped_release>(),
      "Compare every file of a bundle with the size and SHA-256 in its manifest.");
  register_goldens(module);
  module.def(
      "verify_bundle",
      [](const fs::path& bundle, const std::vector<Runtime>& runtimes,
         const std::vector<std::string>& formats) {
        VerificationOptions options;
        options.formats = formats;
        options.runtimes.emplace();
        for (const Runtime& runtime : runtimes) options.runtimes->push_back(to_runtime(runtime));
        py::typing::List<Fields> rows;
        for (const VerifiedGolden& row : verify_bundle(bundle.string(), options))
          rows.append(to_dict(row));
        return rows;
      },
      py::arg("bundle"), py::arg("runtimes"), py::kw_only(), py::arg("formats"),
      "Check a bundle's files, then replay its goldens in runtimes of Python.");
  module.def(
      "compiled_folder",
      [](const fs::path& bundle, const std::string& stage, int member,
         const std::vector<std::int64_t>& size) {
        return fs::path(compiled_folder(bundle.string(), stage, member, size));
      },
      py::arg("bundle"), py::arg("stage"), py::arg("member"), py::arg("size"),
      "Folder of a network compiled for one size.");
  module.def(
      "compiled_file_names",
      [] { return py::make_tuple(kCompiledCode, kCompiledRecord, kCompiledGolden); },
      "Names of the files in such a folder: the code, the record and the golden.");
  module.def(
      "compiled_record",
      [](const fs::path& bundle, const fs::path& folder, const std::string& stage, int member,
         const std::string& runtime, const std::string& capability,
         const std::vector<std::int64_t>& input_shape,
         const std::vector<std::int64_t>& output_shape, bool channels_last,
         const std::string& checkpoint_sha256, const std::string& weights_sha256) {
        return compiled_record(bundle.string(), folder.string(),
                               {stage, member, runtime, capability, input_shape, output_shape,
                                channels_last, checkpoint_sha256, weights_sha256});
      },
      py::arg("bundle"), py::arg("folder"), py::kw_only(), py::arg("stage"), py::arg("member"),
      py::arg("runtime"), py::arg("capability"), py::arg("input_shape"), py::arg("output_shape"),
      py::arg("channels_last"), py::arg("checkpoint_sha256"), py::arg("weights_sha256"),
      "Text of the record of compiled code and its golden in `folder`.");
}

}  // namespace lungrt::python
