// The buffers of a request as one run of bytes.
//
// Contract: no ownership; every byte of shared memory is touched once per
// call, through shared_access.h. Sizes are 64 bits wide: the driver chooses
// them, and they may sum up to more than memory.
#ifndef VUSPEC_HARNESS_BACKEND_SCATTER_H_
#define VUSPEC_HARNESS_BACKEND_SCATTER_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace vuspec {

using Pieces = std::span<const std::span<std::byte>>;

// Copies out of `pieces`, from `offset` on; returns how many bytes there were.
std::size_t Gather(Pieces pieces, std::uint64_t offset,
                   std::span<std::byte> to);

// Copies into `pieces`, from `offset` on; returns how many bytes fitted.
std::size_t Scatter(Pieces pieces, std::uint64_t offset,
                    std::span<const std::byte> from);

// Writes `length` zeroes into `pieces`, from `offset` on.
void ScatterZeroes(Pieces pieces, std::uint64_t offset, std::uint64_t length);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_SCATTER_H_
