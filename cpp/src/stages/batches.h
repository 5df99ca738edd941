/// Batches of one run, spread over threads.
#pragma once

#include <cstdint>
#include <functional>

namespace lungrt {

/// Splits [0, total) into batches and works on them from several threads ("lanes") at once.
/// \param lanes  at least 1; lane 0 is the calling thread
/// \param work   called with a first item and a count (at most `batch`), from any lane; lanes are
/// told apart
///               by their number, so that each can have scratch of its own
/// \param step   called from the calling thread alone, between its batches, with how many items are
///               done; last with `total`
/// What either throws ends the run: other lanes finish the batch they are at, then the first
/// exception is thrown.
void for_each_batch(
    std::int64_t total, std::int64_t batch, int lanes,
    const std::function<void(int lane, std::int64_t first, std::int64_t count)>& work,
    const std::function<void(std::int64_t done)>& step);

}  // namespace lungrt
