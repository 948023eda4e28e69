#include "harness/transport/memory_channel.h"

#include "harness/transport/check.h"

namespace vuspec {
namespace {

// Without text, abseil keeps the code in the pointer itself.
absl::Status Bare(absl::StatusCode code) { return absl::Status(code, ""); }

}  // namespace

absl::Status MemoryChannel::Send(std::span<const std::byte> bytes,
                                 std::span<const int> fds, Deadline) {
  VU_CHECK(!bytes.empty() || fds.empty(), "descriptors without a byte");
  if (shut_down_ || !peer_.OnSend(bytes, fds.size())) {
    return Bare(absl::StatusCode::kUnavailable);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> MemoryChannel::Receive(std::span<std::byte> buffer,
                                                   std::vector<UniqueFd>& fds,
                                                   Deadline) {
  VU_CHECK(!buffer.empty(), "receiving nothing looks like end of stream");
  const std::optional<std::size_t> count = peer_.Receive(buffer, fds);
  if (!count) return Bare(absl::StatusCode::kDeadlineExceeded);
  VU_CHECK(*count <= buffer.size(), "the script overran the buffer");
  return *count;
}

}  // namespace vuspec
