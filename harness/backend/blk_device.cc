#include "harness/backend/blk_device.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "harness/backend/gpu_device.h"
#include "harness/backend/le_bytes.h"
#include "harness/backend/net_device.h"
#include "harness/backend/scatter.h"
#include "harness/memory/shared_access.h"
#include "harness/memory/userfault.h"
#include "harness/transport/check.h"
#include "protocol/features.h"

namespace vuspec {
namespace {

// Feature bits of the block device.
constexpr std::uint64_t kBarrier = std::uint64_t{1} << 0;
constexpr std::uint64_t kSegMax = std::uint64_t{1} << 2;
constexpr std::uint64_t kReadOnly = std::uint64_t{1} << 5;
constexpr std::uint64_t kBlkSize = std::uint64_t{1} << 6;
constexpr std::uint64_t kFlush = std::uint64_t{1} << 9;
constexpr std::uint64_t kConfigWce = std::uint64_t{1} << 11;
constexpr std::uint64_t kMq = std::uint64_t{1} << 12;
constexpr std::uint64_t kDiscardFeature = std::uint64_t{1} << 13;
constexpr std::uint64_t kWriteZeroesFeature = std::uint64_t{1} << 14;
constexpr std::uint64_t kLifetimeFeature = std::uint64_t{1} << 15;
constexpr std::uint64_t kZoned = std::uint64_t{1} << 17;

enum RequestType : std::uint32_t {
  kIn = 0,
  kOut = 1,
  kFlushDisk = 4,
  kGetId = 8,
  kGetLifetime = 10,
  kDiscard = 11,
  kWriteZeroes = 13,
};

enum Status : std::uint8_t { kOk = 0, kIoErr = 1, kUnsupported = 2 };

constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kIdSize = 20;
constexpr std::uint32_t kSegMaxValue = 126;

// struct virtio_blk_lifetime: memory does not wear out.
constexpr std::array<std::uint8_t, 6> kLifetime = {1, 0, 1, 0, 1, 0};
constexpr std::array<std::uint8_t, 6> kNoLifetime = {4, 0, 0xff, 0, 0, 1};

// Where the fields of the configuration lie.
constexpr std::size_t kCapacityAt = 0;
constexpr std::size_t kSegMaxAt = 12;
constexpr std::size_t kBlkSizeAt = 20;
constexpr std::size_t kQueueCountAt = 34;
constexpr std::size_t kDiscardLimitsAt = 36;  // sectors, segments, alignment
constexpr std::size_t kZeroesLimitsAt = 48;   // sectors, segments

// struct virtio_blk_discard_write_zeroes, and how much of it at once.
constexpr std::size_t kRangeSize = 16;
constexpr std::uint32_t kRangeSectorMax = 1024;
constexpr std::uint32_t kRangeCountMax = 4;
constexpr std::uint32_t kUnmapFlag = 1;

}  // namespace

struct BlkDevice::Header {
  std::uint32_t type = 0;
  std::uint64_t sector = 0;
};

void BlkDevice::Free::operator()(std::byte* bytes) const { std::free(bytes); }

BlkDevice::BlkDevice(const FaultSet& fault)
    : fault_(fault), disk_(static_cast<std::byte*>(std::calloc(kDiskSize, 1))) {
  VU_CHECK(disk_ != nullptr, "no memory for the disk");
  Reset();
}

std::uint64_t BlkDevice::device_features() const {
  return kSegMax | kBlkSize | kFlush | kConfigWce | kMq | kDiscardFeature |
         kWriteZeroesFeature | kLifetimeFeature |
         (fault_(Fault::kBlkZonedWithoutZones) ? kZoned : 0) |
         (fault_(Fault::kBlkLegacyBitOffered) ? kBarrier : 0) |
         (fault_(Fault::kBlkReadOnlyWritten) ? kReadOnly : 0);
}

void BlkDevice::Negotiate(std::uint64_t features) {
  negotiated_ = features;
  const bool through = (features & (kFlush | kConfigWce)) == kConfigWce;
  if (through && !fault_(Fault::kBlkWritebackWithoutFlush)) {
    config_[kWritebackOffset] = 0;
  }
}

// A disk stands in for devices that we have not got (README.md).
std::uint64_t BlkDevice::protocol_features() const {
  using protocol::ProtocolFeature;
  return Mask(ProtocolFeature::CROSS_ENDIAN, ProtocolFeature::CRYPTO_SESSION,
              ProtocolFeature::XEN_MMAP, ProtocolFeature::SHARED_OBJECT,
              ProtocolFeature::GPA_ADDRESSES) |
         (Userfault::Allowed().ok() ? Mask(ProtocolFeature::PAGEFAULT) : 0);
}

void BlkDevice::Reset() {
  config_.fill(0);
  PutLe<std::uint64_t>(config_, kCapacityAt, kDiskSize / kSectorSize);
  PutLe<std::uint32_t>(config_, kSegMaxAt, kSegMaxValue);
  PutLe<std::uint32_t>(config_, kBlkSizeAt, kSectorSize);
  config_[kWritebackOffset] = 1;
  PutLe<std::uint16_t>(config_, kQueueCountAt, kQueueCount);
  for (const std::size_t limits : {kDiscardLimitsAt, kZeroesLimitsAt}) {
    PutLe<std::uint32_t>(config_, limits, kRangeSectorMax);
    PutLe<std::uint32_t>(config_, limits + 4, kRangeCountMax);
  }
  PutLe<std::uint32_t>(config_, kDiscardLimitsAt + 8, 1);
  if (fault_(Fault::kBlkConfigPaddingDirty)) config_[kWritebackOffset + 1] = 1;
}

void BlkDevice::ChangeConfig() {
  PutLe<std::uint64_t>(config_, kCapacityAt, kDiskSize / kSectorSize + 1);
}

std::vector<std::uint8_t> BlkDevice::SaveState() const {
  return {config_[kWritebackOffset]};
}

bool BlkDevice::LoadState(std::span<const std::uint8_t> state) {
  return state.size() == 1 && WriteConfig(kWritebackOffset, state);
}

bool BlkDevice::WriteConfig(std::size_t offset,
                            std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return true;
  if (fault_(Fault::kConfigReadOnlyWritten)) {
    std::ranges::copy(bytes, std::span(config_).subspan(offset).begin());
    return true;
  }
  if (offset != kWritebackOffset || bytes.size() != 1 || bytes[0] > 1) {
    return false;
  }
  config_[kWritebackOffset] = bytes[0];
  return true;
}

std::span<std::byte> BlkDevice::Sectors(std::uint64_t sector,
                                        std::uint64_t size) {
  if (size % kSectorSize != 0 || size > kDiskSize) return {};
  const std::uint64_t end =
      kDiskSize / kSectorSize - (fault_(Fault::kBlkLastSectorRefused) ? 1 : 0);
  if (sector > end || size / kSectorSize > end - sector) return {};
  return {disk_.get() + sector * kSectorSize, static_cast<std::size_t>(size)};
}

// Of a request that is not for whole sectors of the disk.
std::uint8_t BlkDevice::StatusOfMiss(std::uint64_t size) const {
  const Fault overlooks = size % kSectorSize == 0
                              ? Fault::kBlkRangeNotChecked
                              : Fault::kBlkPartialSectorsAccepted;
  return fault_(overlooks) ? kOk : kIoErr;
}

std::uint8_t BlkDevice::CheckRange(std::uint32_t type, std::uint64_t sector,
                                   std::uint32_t count, std::uint32_t flags) {
  const bool may_unmap =
      type == kWriteZeroes || fault_(Fault::kBlkDiscardTakesUnmap);
  if ((flags & ~(may_unmap ? kUnmapFlag : 0)) != 0 &&
      !fault_(Fault::kBlkRangeFlagsIgnored)) {
    return kUnsupported;
  }
  if (count > kRangeSectorMax && !fault_(Fault::kBlkRangeLimitsIgnored)) {
    return kIoErr;
  }
  const std::uint64_t size = std::uint64_t{count} * kSectorSize;
  if (count != 0 && Sectors(sector, size).empty()) return StatusOfMiss(size);
  return kOk;
}

std::uint8_t BlkDevice::ClearRanges(std::uint32_t type, const Chain& chain) {
  const std::uint64_t size = chain.readable_size() - kHeaderSize;
  if (size % kRangeSize != 0 && !fault_(Fault::kBlkRangeSizeIgnored)) {
    return kIoErr;
  }
  const std::uint64_t count = size / kRangeSize;
  if (count > kRangeCountMax && !fault_(Fault::kBlkRangeLimitsIgnored)) {
    return kIoErr;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    std::array<std::byte, kRangeSize> range{};
    Gather(chain.readable(), kHeaderSize + i * kRangeSize, range);
    const auto sector = GetLe<std::uint64_t>(range, 0);
    const auto sectors = GetLe<std::uint32_t>(range, 8);
    const std::uint8_t status =
        CheckRange(type, sector, sectors, GetLe<std::uint32_t>(range, 12));
    if (status != kOk) return status;
    if (type == kWriteZeroes && fault_(Fault::kBlkZeroesForgotten)) continue;
    std::ranges::fill(Sectors(sector, std::uint64_t{sectors} * kSectorSize),
                      std::byte{0});
  }
  return kOk;
}

std::uint8_t BlkDevice::Carry(const Header& header, const Chain& chain,
                              std::uint64_t in_size) {
  switch (header.type) {
    case kIn: {
      const std::span<std::byte> sectors = Sectors(header.sector, in_size);
      if (!chain.readable().empty() && fault_(Fault::kBlkMovesReadableData)) {
        FillOut(chain.readable().back().data(), chain.readable().back().size(),
                std::byte{0x5a});
      }
      if (sectors.empty()) return StatusOfMiss(in_size);
      Scatter(chain.writable(), 0, sectors);
      return kOk;
    }
    case kOut: {
      const std::uint64_t out_size = chain.readable_size() - kHeaderSize;
      const std::span<std::byte> sectors = Sectors(header.sector, out_size);
      if (sectors.empty()) return StatusOfMiss(out_size);
      if (fault_(Fault::kBlkWritesLost)) return kOk;
      Gather(chain.readable(), kHeaderSize, sectors);
      return kOk;
    }
    case kFlushDisk:
      return fault_(Fault::kBlkFlushRefused) ? kUnsupported : kOk;
    case kGetId: {
      if (in_size < kIdSize) return kIoErr;
      if (!fault_(Fault::kBlkIdNotPadded)) {
        ScatterZeroes(chain.writable(), 0, in_size);
      }
      Scatter(chain.writable(), 0,
              std::as_bytes(std::span(kSerial.data(), kSerial.size())));
      return kOk;
    }
    case kGetLifetime: {
      if ((negotiated_ & kLifetimeFeature) == 0) return kUnsupported;
      if (in_size < kLifetime.size()) return kIoErr;
      ScatterZeroes(chain.writable(), 0, in_size);
      const auto& lifetime =
          fault_(Fault::kBlkLifetimeReserved) ? kNoLifetime : kLifetime;
      Scatter(chain.writable(), 0, std::as_bytes(std::span(lifetime)));
      return kOk;
    }
    case kDiscard:
      if ((negotiated_ & kDiscardFeature) == 0 ||
          fault_(Fault::kBlkDiscardRefused)) {
        return kUnsupported;
      }
      return ClearRanges(kDiscard, chain);
    case kWriteZeroes:
      if ((negotiated_ & kWriteZeroesFeature) == 0) return kUnsupported;
      return ClearRanges(kWriteZeroes, chain);
    default:
      return fault_(Fault::kBlkUnknownTypeAccepted) ? kOk : kUnsupported;
  }
}

std::optional<std::uint32_t> BlkDevice::Process(std::uint32_t,
                                                const Chain& chain) {
  std::array<std::byte, kHeaderSize> bytes{};
  if (Gather(chain.readable(), 0, bytes) != kHeaderSize) return std::nullopt;
  const std::uint64_t writable_size = chain.writable_size();
  if (writable_size == 0 ||
      writable_size > std::numeric_limits<std::uint32_t>::max()) {
    return std::nullopt;  // no room for the status, or more than a driver has
  }
  const std::uint64_t in_size = writable_size - 1;
  const Header header = {GetLe<std::uint32_t>(bytes, 0),
                         GetLe<std::uint64_t>(bytes, 8)};
  const std::uint8_t status = Carry(header, chain, in_size);
  if (status != kOk) ScatterZeroes(chain.writable(), 0, in_size);
  if (status != kOk && fault_(Fault::kBlkStatusForgotten)) {
    return static_cast<std::uint32_t>(in_size);
  }
  const std::array<std::byte, 1> status_byte = {std::byte{status}};
  Scatter(chain.writable(), in_size, status_byte);
  return static_cast<std::uint32_t>(writable_size);
}

const std::vector<std::string>& MockDeviceNames() {
  static const std::vector<std::string> names = {"blk", "net", "gpu"};
  return names;
}

std::unique_ptr<MockDevice> MakeMockDevice(std::string_view name,
                                           const FaultSet& fault) {
  if (name == "blk") return std::make_unique<BlkDevice>(fault);
  if (name == "net") return std::make_unique<NetDevice>(fault);
  if (name == "gpu") return std::make_unique<GpuDevice>(fault);
  return nullptr;
}

}  // namespace vuspec
