#include "harness/backend/scatter.h"

#include <algorithm>

#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

// Calls fn(piece) for the parts of [offset, offset + length); returns how many
// bytes of it there are.
template <typename Function>
std::uint64_t ForEachPart(Pieces pieces, std::uint64_t offset,
                          std::uint64_t length, Function&& fn) {
  std::uint64_t done = 0;
  for (std::span<std::byte> piece : pieces) {
    if (done == length) break;
    if (offset >= piece.size()) {
      offset -= piece.size();
      continue;
    }
    piece = piece.subspan(static_cast<std::size_t>(offset));
    piece = piece.first(static_cast<std::size_t>(
        std::min<std::uint64_t>(piece.size(), length - done)));
    offset = 0;
    fn(piece, static_cast<std::size_t>(done));
    done += piece.size();
  }
  return done;
}

}  // namespace

std::size_t Gather(Pieces pieces, std::uint64_t offset,
                   std::span<std::byte> to) {
  return static_cast<std::size_t>(
      ForEachPart(pieces, offset, to.size(), [&](auto piece, std::size_t done) {
        CopyIn(to.subspan(done, piece.size()), piece.data());
      }));
}

std::size_t Scatter(Pieces pieces, std::uint64_t offset,
                    std::span<const std::byte> from) {
  return static_cast<std::size_t>(ForEachPart(
      pieces, offset, from.size(), [&](auto piece, std::size_t done) {
        CopyOut(piece.data(), from.subspan(done, piece.size()));
      }));
}

void ScatterZeroes(Pieces pieces, std::uint64_t offset, std::uint64_t length) {
  ForEachPart(pieces, offset, length, [](auto piece, std::size_t) {
    FillOut(piece.data(), piece.size(), std::byte{0});
  });
}

}  // namespace vuspec
