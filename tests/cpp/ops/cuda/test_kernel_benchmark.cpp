// The benchmark of the CUDA kernels, rehearsed on the host; its times mean nothing there.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "cuda/benchmark.h"
#include "ops/cuda/fake_runtime.h"
#include "ops/cuda/host_launcher.h"

namespace lungrt {
namespace {

using testing::fake_runtime;
using Machine = ops::cuda::DeviceMachineWith<testing::HostLauncher>;

struct Outcome {
  int code;
  std::string csv, table;
};

std::string content(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

Outcome run(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  std::FILE *csv = std::tmpfile(), *table = std::tmpfile();
  const int code =
      ops::cuda::benchmark_main<Machine>(static_cast<int>(argv.size()), argv.data(), csv, table);
  return {code, content(csv), content(table)};
}

class KernelBenchmarks : public ::testing::Test {
 protected:
  KernelBenchmarks() { fake_runtime() = testing::FakeRuntime{}; }
};

TEST_F(KernelBenchmarks, TimesEveryKernelBesideItsFloor) {
  const Outcome done = run({"bench", "33", "64", "128"});
  ASSERT_EQ(done.code, ops::cuda::kBenchDone) << done.table;
  std::istringstream lines(done.csv);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line,
            "kernel,microseconds,floor_microseconds,times_the_floor,fastest_microseconds,bytes,"
            "rounds");
  std::vector<std::string> kernels;
  while (std::getline(lines, line)) {
    const std::size_t quote = line.find('"', 1);
    kernels.push_back(line.substr(1, line.find_first_of("(\"", 1) - 1));
    EXPECT_GT(std::atof(line.c_str() + quote + 2), 0) << line;
    EXPECT_NE(line.find(",30"), std::string::npos) << line;
  }
  EXPECT_EQ(kernels,
            (std::vector<std::string>{"volume to the device", "context, NCHW", "context, NHWC",
                                      "crops", "sums over boxes", "threshold, all slices",
                                      "erosion", "mask to components "}));
  for (const std::string& kernel : kernels) {
    EXPECT_NE(done.table.find(kernel), std::string::npos) << done.table;
  }
  EXPECT_FALSE(fake_runtime().holds_something());
}

TEST_F(KernelBenchmarks, SayThatThereIsNoDevice) {
  fake_runtime().driver = 0;
  const Outcome done = run({"bench"});
  EXPECT_EQ(done.code, ops::cuda::kBenchNoDevice);
  EXPECT_EQ(done.csv, "");
  EXPECT_NE(done.table.find("no CUDA device"), std::string::npos);
  EXPECT_NE(done.table.find("no NVIDIA driver is installed"), std::string::npos);
}

TEST_F(KernelBenchmarks, KeepWhatWasMeasuredBeforeAnError) {
  testing::FakeRuntime& fake = fake_runtime();
  fake.fail_in = "cudaLaunchKernel";
  fake.fail_at = 40;
  fake.fail_with = cudaErrorIllegalAddress;
  const Outcome done = run({"bench", "33", "64", "64"});
  EXPECT_EQ(done.code, ops::cuda::kBenchFailed);
  EXPECT_NE(done.csv.find("context, NCHW"), std::string::npos);
  EXPECT_EQ(done.csv.find("context, NHWC"), std::string::npos);
  EXPECT_NE(done.table.find("cudaErrorIllegalAddress"), std::string::npos);
}

TEST_F(KernelBenchmarks, RefuseOtherArguments) {
  EXPECT_EQ(run({"bench", "1", "2", "3"}).code, ops::cuda::kBenchUsage);
  EXPECT_EQ(run({"bench", "--help"}).code, ops::cuda::kBenchUsage);
}

}  // namespace
}  // namespace lungrt
