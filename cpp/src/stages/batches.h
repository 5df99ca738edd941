/// Batches of one run, spread over threads.
#pragma once

#include <cstdint>
#include <functional>

namespace lungrt {

/// Splits [0, total) into batches and processes them on several threads at once, one per run
/// stream.
/// \param streams  at least 1; stream 0 is the calling thread
/// \param work     called on any stream with the stream's number, which selects its scratch memory,
///                 the first item of a batch and the number of items (at most `batch`)
/// \param step     called on the calling thread only, between its batches, with the number of items
///                 done so far; the last call has `total`
/// \throws whatever `work` or `step` throws first, after the other streams have finished the batch
///         they are working on
void for_each_batch(
    std::int64_t total, std::int64_t batch, int streams,
    const std::function<void(int stream, std::int64_t first, std::int64_t count)>& work,
    const std::function<void(std::int64_t done)>& step);

}  // namespace lungrt
