// virtio-net against a back-end that loops frames: what is transmitted on
// vring 1 is received on vring 0.
#include "absl/status/statusor.h"
#include "harness/device/buffers.h"
#include "harness/device/device_driver.h"

namespace vuspec {
namespace {

using protocol::Req;

constexpr std::uint32_t kReceive = 0;
constexpr std::uint32_t kTransmit = 1;
constexpr std::size_t kHeaderSize = 12;  // with VERSION_1
constexpr std::size_t kFrameSize = 64;
constexpr std::size_t kReceiveSize = kHeaderSize + 1514;

const DeviceProfile kProfile{.name = "net",
                             .queues = {kReceive, kTransmit},
                             .io_queue = kTransmit,
                             .config_size = 6,
                             .features = 0};

constexpr std::size_t kSeedAt = 14;

// A locally administered broadcast-free frame of an experimental EtherType,
// so that no bridge on the way takes an interest in it. It carries its seed.
void MakeFrame(std::span<std::byte> frame, std::uint64_t seed) {
  FillPattern(frame, seed);
  PutLe64(frame, kSeedAt, seed);
  for (std::size_t i = 0; i < 12; ++i) {
    Store<std::uint8_t>(&frame[i], i % 6 == 0 ? 0x02 : 0x10);
  }
  Store<std::uint8_t>(&frame[12], 0x88);
  Store<std::uint8_t>(&frame[13], 0xb5);
}

class NetDriver final : public DeviceDriver {
 public:
  const DeviceProfile& profile() const override { return kProfile; }

  absl::StatusOr<IoRequest> MakeRequest(GuestMemory& memory,
                                        std::uint64_t seed) override {
    auto buffer = memory.Allocate(kHeaderSize + kFrameSize, 16);
    if (!buffer.ok()) return buffer.status();
    MakeFrame(buffer->bytes.subspan(kHeaderSize), seed);
    IoRequest request;
    request.segments = {Readable(*buffer)};
    request.judge = [](const Completion&) { return std::nullopt; };
    return request;
  }

  Reply<Done> Prepare(IoPort&) override { return Done{}; }

  Reply<Done> VerifiedIo(IoPort& port, std::uint64_t seed) override {
    auto receive = PostReceiveBuffer(port);
    if (!receive.ok()) return receive.failure();
    auto request = MakeRequest(port.memory(), seed);
    if (!request.ok()) return Failure(request.status());
    if (auto sent = Perform(port, kTransmit, *request); !sent.ok()) {
      return sent.failure();
    }
    for (;;) {
      Reply<Completion> received = port.Await(kReceive);
      if (!received.ok()) return received.failure();
      if (!IsOfAnother(*received, *receive, seed)) {
        return Judge(*received, *receive, seed);
      }
      receive = PostReceiveBuffer(port);
      if (!receive.ok()) return receive.failure();
    }
  }

 private:
  static Reply<GuestBuffer> PostReceiveBuffer(IoPort& port) {
    auto buffer = port.memory().Allocate(kReceiveSize, 16);
    if (!buffer.ok()) return Failure(buffer.status());
    const Segment segment = Writable(*buffer);
    if (auto posted = port.Post(kReceive, std::span(&segment, 1));
        !posted.ok()) {
      return posted.failure();
    }
    return *buffer;
  }

  // A whole frame of an earlier request. A peer that forwards in a thread of
  // its own may hold one while the session that sent it ends, and deliver it
  // to the next one.
  static bool IsOfAnother(const Completion& completion,
                          const GuestBuffer& buffer, std::uint64_t seed) {
    const auto frame = buffer.bytes.subspan(kHeaderSize, kFrameSize);
    const std::uint64_t its_seed = GetLe64(frame, kSeedAt);
    if (its_seed == seed) return false;
    return Judge(completion, buffer, its_seed).ok();
  }

  static Reply<Done> Judge(const Completion& completion,
                           const GuestBuffer& buffer, std::uint64_t seed) {
    protocol::Violation wrong{.req = Req::NET_13,
                              .subject = "received frame",
                              .field = "length",
                              .expected = kHeaderSize + kFrameSize,
                              .actual = completion.length};
    if (completion.length != wrong.expected) return Failure(wrong);
    std::vector<std::byte> expected(kFrameSize);
    MakeFrame(expected, seed);
    for (std::size_t i = 0; i < kFrameSize; ++i) {
      const auto actual =
          Load<std::uint8_t>(buffer.bytes.data() + kHeaderSize + i);
      if (std::byte{actual} == expected[i]) continue;
      wrong.field = "byte";
      wrong.offset = static_cast<std::uint32_t>(i);
      wrong.expected = std::to_integer<std::uint64_t>(expected[i]);
      wrong.actual = actual;
      return Failure(wrong);
    }
    return Done{};
  }
};

}  // namespace

std::unique_ptr<DeviceDriver> MakeNetDriver() {
  return std::make_unique<NetDriver>();
}

}  // namespace vuspec
