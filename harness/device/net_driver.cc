#include "harness/device/net_driver.h"

#include "absl/status/statusor.h"
#include "harness/device/buffers.h"

namespace vuspec {
namespace {

constexpr std::uint32_t kReceive = 0;
constexpr std::uint32_t kTransmit = 1;
constexpr std::size_t kHeaderSize = 12;  // with VERSION_1
constexpr std::size_t kReceiveSize = kHeaderSize + 1514;
// More frames that nobody asked for than a quiet network holds.
constexpr int kStrayFramesMax = 64;

const DeviceProfile kProfile{.name = "net",
                             .queues = {kReceive, kTransmit},
                             .io_queue = kTransmit,
                             .config_size = 6,
                             .features = 0};

protocol::Violation Wrong(std::string_view field, std::uint64_t expected,
                          std::uint64_t actual) {
  return {.req = protocol::Req::NET_13,
          .subject = "received frame",
          .field = field,
          .expected = expected,
          .actual = actual};
}

// The next frame, in a buffer of its own.
Reply<std::vector<std::byte>> Receive(IoPort& port, const GuestBuffer& buffer) {
  Reply<Completion> received = port.Await(kReceive);
  if (!received.ok()) return received.failure();
  const std::uint32_t length = received->length;
  if (length < kHeaderSize || length > buffer.bytes.size()) {
    return Failure(Wrong("length", buffer.bytes.size(), length));
  }
  std::vector<std::byte> frame(length - kHeaderSize);
  CopyIn(frame, buffer.bytes.data() + kHeaderSize);
  return frame;
}

}  // namespace

const DeviceProfile& NetDriver::profile() const { return kProfile; }

absl::StatusOr<IoRequest> NetDriver::MakeRequest(GuestMemory& memory,
                                                 std::uint64_t seed) {
  const Frame frame = MakeFrame(seed);
  auto buffer = memory.Allocate(kHeaderSize + frame.size(), 16);
  if (!buffer.ok()) return buffer.status();
  CopyOut(buffer->bytes.data() + kHeaderSize, frame);
  IoRequest request;
  request.segments = {Readable(*buffer)};
  request.judge = [](const Completion&) { return std::nullopt; };
  return request;
}

Reply<Done> NetDriver::VerifiedIo(IoPort& port, std::uint64_t seed) {
  auto buffer = PostWritable(port, kReceive, kReceiveSize);
  if (!buffer.ok()) return buffer.failure();
  auto request = MakeRequest(port.memory(), seed);
  if (!request.ok()) return Failure(request.status());
  if (auto sent = Perform(port, kTransmit, *request); !sent.ok()) {
    return sent.failure();
  }
  for (int stray = 0; stray < kStrayFramesMax; ++stray) {
    const auto frame = Receive(port, *buffer);
    if (!frame.ok()) return frame.failure();
    if (auto verdict = Judge(*frame, seed)) return *verdict;
    buffer = PostWritable(port, kReceive, kReceiveSize);
    if (!buffer.ok()) return buffer.failure();
  }
  return Failure(absl::DeadlineExceededError(
      "frames came in, but not the one that was waited for"));
}

Reply<Done> CompareFrames(std::span<const std::byte> actual,
                          std::span<const std::byte> expected) {
  if (actual.size() != expected.size()) {
    return Failure(Wrong("length", expected.size(), actual.size()));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (actual[i] == expected[i]) continue;
    protocol::Violation wrong =
        Wrong("byte", std::to_integer<std::uint64_t>(expected[i]),
              std::to_integer<std::uint64_t>(actual[i]));
    wrong.offset = static_cast<std::uint32_t>(i);
    return Failure(wrong);
  }
  return Done{};
}

}  // namespace vuspec
