/// Batches of one run, spread over threads.
#pragma once

#include <cstdint>
#include <functional>

#include "backend/session.h"

namespace lungrt {

/// Number of items that a network is run on for a batch that may be short: all of traits.batch
/// where the session needs full batches, else the next power of two, so that little is computed in
/// vain and runtimes that prepare themselves for each shape see few shapes.
/// \param items  1 to traits.batch
/// \param least  of the result, where traits.batch allows; classifiers take 2, because linear
/// layers
///               compute a single row by another algorithm, which rounds differently
std::int64_t items_to_run(std::int64_t items, const SessionTraits& traits, std::int64_t least = 1);

/// `least` of items_to_run for classifiers.
inline constexpr std::int64_t kFewestCrops = 2;

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
