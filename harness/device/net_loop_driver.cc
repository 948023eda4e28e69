// A far end that loops frames: what is transmitted is received.
#include "harness/device/buffers.h"
#include "harness/device/net_driver.h"

namespace vuspec {
namespace {

constexpr std::size_t kFrameSize = 64;
constexpr std::size_t kSeedAt = 14;

class NetLoopDriver final : public NetDriver {
 protected:
  // A locally administered broadcast-free frame of an experimental EtherType,
  // so that no bridge on the way takes an interest in it. It carries its seed.
  Frame MakeFrame(std::uint64_t seed) const override {
    Frame frame(kFrameSize);
    FillPattern(frame, seed);
    PutLe64(frame, kSeedAt, seed);
    for (std::size_t i = 0; i < 12; ++i) {
      frame[i] = i % 6 == 0 ? std::byte{0x02} : std::byte{0x10};
    }
    frame[12] = std::byte{0x88};
    frame[13] = std::byte{0xb5};
    return frame;
  }

  std::optional<Reply<Done>> Judge(const Frame& received,
                                   std::uint64_t seed) const override {
    if (IsOfAnother(received, seed)) return std::nullopt;
    return CompareFrames(received, MakeFrame(seed));
  }

 private:
  // A whole frame of an earlier request. A peer that forwards in a thread of
  // its own may hold one while the session that sent it ends, and deliver it
  // to the next one.
  bool IsOfAnother(const Frame& received, std::uint64_t seed) const {
    if (received.size() != kFrameSize) return false;
    const std::uint64_t its_seed = GetLe64(received, kSeedAt);
    return its_seed != seed && received == MakeFrame(its_seed);
  }
};

}  // namespace

std::unique_ptr<DeviceDriver> MakeNetDriver() {
  return std::make_unique<NetLoopDriver>();
}

}  // namespace vuspec
