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
// The front-end serves the control queue, so both go together.
constexpr std::uint64_t kControlQueue = std::uint64_t{1} << 17;
constexpr std::uint64_t kMq = std::uint64_t{1} << 22;
constexpr std::uint64_t kSpeedDuplex = std::uint64_t{1} << 63;

constexpr std::size_t kStatusAt = 6;
constexpr std::size_t kQueuePairCountAt = 8;
constexpr std::size_t kMtuAt = 10;
constexpr std::size_t kSpeedAt = 12;
constexpr std::size_t kDuplexAt = 16;
constexpr std::uint32_t kSpeed = 10'000;  // units of 1 Mbit/s
constexpr std::uint8_t kFullDuplex = 1;
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
  return kMtuFeature | kMacFeature | kStatusFeature | kControlQueue | kMq |
         kSpeedDuplex | (fault_(Fault::kNetOrphanBitOffered) ? kHostEcn : 0);
}

std::uint64_t NetDevice::protocol_features() const {
  return Mask(ProtocolFeature::RARP, ProtocolFeature::MTU,
              ProtocolFeature::HOST_NOTIFIER);
}

void NetDevice::Reset() {
  config_.fill(0);
  std::copy(kMac.begin(), kMac.end(), config_.begin());
  config_[kStatusAt] = kLinkUp;
  PutLe<std::uint16_t>(config_, kQueuePairCountAt,
                       fault_(Fault::kNetPairCountZero) ? 0 : 1);
  const bool speed_is_odd = fault_(Fault::kNetSpeedUndefined);
  PutLe<std::uint32_t>(config_, kSpeedAt, speed_is_odd ? ~1u : kSpeed);
  config_[kDuplexAt] = kFullDuplex;
  PutLe<std::uint16_t>(config_, kMtuAt,
                       fault_(Fault::kMtuOfConfigTooSmall) ? 0 : kMtu);
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
  if (mtu < kMtuMin || mtu > kMtuMax) return fault_(Fault::kMtuNotChecked);
  if (fault_(Fault::kMtuNotShown)) return true;
  PutLe<std::uint16_t>(config_, kMtuAt, static_cast<std::uint16_t>(mtu));
  return true;
}

bool NetDevice::SendRarp(const std::array<std::uint8_t, 6>& address) {
  // RFC 903: who am I, asked of everybody; padded to the shortest frame.
  constexpr std::size_t kFrameSize = 60;
  constexpr std::array<std::uint8_t, 10> kRequest = {0x80, 0x35, 0, 1, 8,
                                                     0,    6,    4, 0, 3};
  constexpr std::size_t kSourceAt = 6;
  constexpr std::size_t kTypeAt = 12;
  constexpr std::size_t kSenderAt = 22;
  constexpr std::size_t kTargetAt = 32;
  if (fault_(Fault::kRarpNotSent)) return true;
  std::vector<std::uint8_t> bytes(kFrameSize);
  std::fill_n(bytes.begin(), kSourceAt, std::uint8_t{0xff});
  std::ranges::copy(kRequest, bytes.begin() + kTypeAt);
  auto sender = address;
  if (fault_(Fault::kRarpAddressReversed)) std::ranges::reverse(sender);
  for (const std::size_t at : {kSourceAt, kSenderAt, kTargetAt}) {
    std::ranges::copy(sender, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  if (frames_.size() == kFrameCountMax) return true;  // lost, as on any wire
  const auto as_bytes = std::as_bytes(std::span(bytes));
  frames_.push_back({.bytes = {as_bytes.begin(), as_bytes.end()}});
  return true;
}

// The status of the link, then each frame: its size, header and bytes.
std::vector<std::uint8_t> NetDevice::SaveState() const {
  std::vector<std::uint8_t> state = {config_[kStatusAt]};
  const auto append = [&](std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      state.push_back(std::to_integer<std::uint8_t>(byte));
    }
  };
  for (const Frame& frame : frames_) {
    state.resize(state.size() + sizeof(std::uint32_t));
    PutLe(std::span(state), state.size() - sizeof(std::uint32_t),
          static_cast<std::uint32_t>(frame.bytes.size()));
    append(frame.header);
    append(frame.bytes);
  }
  return state;
}

bool NetDevice::LoadState(std::span<const std::uint8_t> state) {
  constexpr std::size_t kPrefixSize = sizeof(std::uint32_t) + kHeaderSize;
  if (state.empty() || state[0] > kLinkUp) return false;
  std::deque<Frame> frames;
  auto rest = std::as_bytes(state.subspan(1));
  while (!rest.empty()) {
    if (rest.size() < kPrefixSize || frames.size() == kFrameCountMax) {
      return false;
    }
    const std::size_t size = GetLe<std::uint32_t>(rest, 0);
    if (size > kFrameSizeMax || size > rest.size() - kPrefixSize) return false;
    Frame& frame = frames.emplace_back();
    std::ranges::copy(rest.subspan(sizeof(std::uint32_t), kHeaderSize),
                      frame.header.begin());
    const auto bytes = rest.subspan(kPrefixSize, size);
    frame.bytes.assign(bytes.begin(), bytes.end());
    rest = rest.subspan(kPrefixSize + size);
  }
  config_[kStatusAt] = state[0];
  frames_ = std::move(frames);
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
  if (!IsPlain(frame.header) && fault_(Fault::kNetHeaderTrusted)) return 0;
  frame.bytes.resize(static_cast<std::size_t>(size - header_size_));
  Gather(chain.readable(), header_size_, frame.bytes);
  if (frame.bytes.size() > kCutSize && fault_(Fault::kNetFramesCut)) {
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
