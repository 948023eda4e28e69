#include "harness/backend/net_device.h"

#include <algorithm>

#include "harness/backend/le_bytes.h"
#include "harness/backend/scatter.h"
#include "protocol/features.h"

namespace vuspec {
namespace {

using protocol::Mask;
using protocol::ProtocolFeature;
using protocol::VirtioFeature;

// Feature bits of the network device.
constexpr std::uint64_t kMtuFeature = std::uint64_t{1} << 3;
constexpr std::uint64_t kMacFeature = std::uint64_t{1} << 5;
constexpr std::uint64_t kHostEcn = std::uint64_t{1} << 13;
constexpr std::uint64_t kStatusFeature = std::uint64_t{1} << 16;

constexpr std::size_t kStatusAt = 6;
constexpr std::size_t kQueuePairCountAt = 8;
constexpr std::size_t kMtuAt = 10;
constexpr std::uint8_t kLinkUp = 1;

// struct virtio_net_hdr: with VERSION_1 it ends in num_buffers.
constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kLegacyHeaderSize = 10;
constexpr std::size_t kBufferCountAt = 10;

// For a defect.
constexpr std::size_t kCutSize = 512;

constexpr std::uint64_t kMtuMin = 68;
constexpr std::uint64_t kMtuMax = 65535;

// A header as of a driver that negotiated no offload.
bool IsPlain(const std::array<std::byte, kHeaderSize>& header) {
  return std::all_of(header.begin(), header.end(),
                     [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::uint64_t NetDevice::device_features() const {
  return kMtuFeature | kMacFeature | kStatusFeature |
         (fault_(Fault::kNetOrphanBitOffered) ? kHostEcn : 0);
}

std::uint64_t NetDevice::protocol_features() const {
  return Mask(ProtocolFeature::MTU);
}

void NetDevice::Reset() {
  config_.fill(0);
  std::copy(kMac.begin(), kMac.end(), config_.begin());
  config_[kStatusAt] = kLinkUp;
  PutLe<std::uint16_t>(config_, kQueuePairCountAt, 1);
  PutLe<std::uint16_t>(
      config_, kMtuAt,
      fault_(Fault::kNetMtuTooSmall) ? std::uint16_t{60} : kMtu);
  frames_.clear();
  starved_ = false;
  header_size_ = kHeaderSize;
}

void NetDevice::Negotiate(std::uint64_t features) {
  header_size_ = protocol::Has(features, VirtioFeature::VERSION_1)
                     ? kHeaderSize
                     : kLegacyHeaderSize;
}

void NetDevice::ChangeConfig() { config_[kStatusAt] ^= kLinkUp; }

bool NetDevice::SetMtu(std::uint64_t mtu) {
  if (mtu < kMtuMin || mtu > kMtuMax) return false;
  PutLe<std::uint16_t>(config_, kMtuAt, static_cast<std::uint16_t>(mtu));
  return true;
}

std::optional<std::uint32_t> NetDevice::Process(std::uint32_t queue,
                                                const Chain& chain) {
  return queue == kTransmitQueue ? Transmit(chain) : DeliverTo(chain);
}

std::optional<std::uint32_t> NetDevice::Transmit(const Chain& chain) {
  const std::uint64_t size = chain.readable_size();
  if (size < header_size_ || size - header_size_ > kFrameSizeMax) {
    return std::nullopt;
  }
  if (frames_.size() == kFrameCountMax) return 0;
  Frame frame;
  Gather(chain.readable(), 0, std::span(frame.header).first(header_size_));
  if (fault_(Fault::kNetHeaderTrusted) && !IsPlain(frame.header)) return 0;
  frame.bytes.resize(static_cast<std::size_t>(size - header_size_));
  Gather(chain.readable(), header_size_, frame.bytes);
  if (fault_(Fault::kNetFramesCut) && frame.bytes.size() > kCutSize) {
    frame.bytes.resize(kCutSize);
  }
  // Two frames without a buffer between them: none was there for the first.
  starved_ =
      starved_ || (fault_(Fault::kNetStarvedForEver) && !frames_.empty());
  frames_.push_back(std::move(frame));
  return 0;
}

std::optional<std::uint32_t> NetDevice::DeliverTo(const Chain& chain) {
  const Frame& frame = frames_.front();
  const std::size_t size = header_size_ + frame.bytes.size();
  // Without mergeable buffers a driver gives buffers for the largest frame.
  if (chain.writable_size() < size) return std::nullopt;
  std::array<std::byte, kHeaderSize> header{};
  if (fault_(Fault::kNetHeaderHandedOn)) header = frame.header;
  header[kBufferCountAt] = std::byte{
      fault_(Fault::kNetBufferCountZero) ? std::uint8_t{0} : std::uint8_t{1}};
  Scatter(chain.writable(), 0, std::span(header).first(header_size_));
  Scatter(chain.writable(), header_size_, frame.bytes);
  frames_.pop_front();
  return static_cast<std::uint32_t>(size);
}

}  // namespace vuspec
