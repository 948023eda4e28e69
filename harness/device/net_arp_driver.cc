// A far end that is a network of its own, such as passt: a host asks it by ARP
// for its router, and is told.
//
// Spec: RFC 826; the addresses are those that RFC 5737 keeps for examples.
#include <algorithm>
#include <array>

#include "harness/device/buffers.h"
#include "harness/device/net_driver.h"

namespace vuspec {
namespace {

constexpr std::size_t kPacketSize = 42;
constexpr std::size_t kFrameSizeMin = 60;
using Mac = std::array<std::byte, 6>;
constexpr std::array<std::uint8_t, 4> kRouter = {192, 0, 2, 1};
constexpr std::array<std::uint8_t, 4> kHost = {192, 0, 2, 2};
// From the EtherType up to the operation.
constexpr std::array<std::uint8_t, 9> kArp = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0};
constexpr std::size_t kTypeAt = 12;
constexpr std::size_t kOperationAt = 21;
constexpr std::size_t kSenderMacAt = 22;
constexpr std::size_t kSenderAddressAt = 28;
constexpr std::size_t kTargetMacAt = 32;
constexpr std::size_t kTargetAddressAt = 38;
constexpr std::size_t kSourceAt = 6;
constexpr std::byte kRequest{1};
constexpr std::byte kReply{2};

template <typename T>
void Put(std::span<std::byte> frame, std::size_t offset, const T& values) {
  std::transform(values.begin(), values.end(), frame.subspan(offset).begin(),
                 [](auto value) { return std::byte{value}; });
}

Mac MacOf(std::uint64_t seed) {
  Mac mac;
  FillPattern(mac, seed);
  mac[0] = std::byte{0x02};  // locally administered, one station
  return mac;
}

class NetArpDriver final : public NetDriver {
 protected:
  Frame MakeFrame(std::uint64_t seed) const override {
    Frame frame(kFrameSizeMin);
    std::fill_n(frame.begin(), kSourceAt, std::byte{0xff});
    Put(frame, kSourceAt, MacOf(seed));
    Put(frame, kTypeAt, kArp);
    frame[kOperationAt] = kRequest;
    Put(frame, kSenderMacAt, MacOf(seed));
    Put(frame, kSenderAddressAt, kHost);
    Put(frame, kTargetAddressAt, kRouter);
    return frame;
  }

  // Whoever answers chooses its own MAC address.
  std::optional<Reply<Done>> Judge(const Frame& received,
                                   std::uint64_t seed) const override {
    const Mac ours = MacOf(seed);
    if (received.size() < kPacketSize || received[kOperationAt] != kReply ||
        !std::equal(ours.begin(), ours.end(), &received[kTargetMacAt])) {
      return std::nullopt;
    }
    Frame expected(received.begin(), received.begin() + kPacketSize);
    Put(expected, 0, ours);
    Put(expected, kTypeAt, kArp);
    Put(expected, kSenderAddressAt, kRouter);
    Put(expected, kTargetAddressAt, kHost);
    return CompareFrames(std::span(received).first(kPacketSize), expected);
  }
};

}  // namespace

std::unique_ptr<DeviceDriver> MakeNetArpDriver() {
  return std::make_unique<NetArpDriver>();
}

}  // namespace vuspec
