#include "harness/backend/blk_device.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "harness/backend/le_bytes.h"
#include "harness/backend/net_device.h"
#include "harness/backend/scatter.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/check.h"
#include "protocol/features.h"

namespace vuspec {
namespace {

// Feature bits of the block device.
constexpr std::uint64_t kBarrier = std::uint64_t{1} << 0;
constexpr std::uint64_t kSegMax = std::uint64_t{1} << 2;
constexpr std::uint64_t kBlkSize = std::uint64_t{1} << 6;
constexpr std::uint64_t kFlush = std::uint64_t{1} << 9;
constexpr std::uint64_t kConfigWce = std::uint64_t{1} << 11;
constexpr std::uint64_t kMq = std::uint64_t{1} << 12;

enum RequestType : std::uint32_t {
  kIn = 0,
  kOut = 1,
  kFlushDisk = 4,
  kGetId = 8,
};

enum Status : std::uint8_t { kOk = 0, kIoErr = 1, kUnsupported = 2 };

constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kIdSize = 20;
constexpr std::uint32_t kSegMaxValue = 126;

// Where the fields of the configuration lie.
constexpr std::size_t kCapacityAt = 0;
constexpr std::size_t kSegMaxAt = 12;
constexpr std::size_t kBlkSizeAt = 20;
constexpr std::size_t kQueueCountAt = 34;

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
  return kSegMax | kBlkSize | kFlush | kConfigWce | kMq |
         (fault_(Fault::kBlkLegacyBitOffered) ? kBarrier : 0);
}

// A disk stands in for devices that we have not got (README.md).
std::uint64_t BlkDevice::protocol_features() const {
  using protocol::ProtocolFeature;
  return Mask(ProtocolFeature::CROSS_ENDIAN, ProtocolFeature::CRYPTO_SESSION,
              ProtocolFeature::XEN_MMAP, ProtocolFeature::SHARED_OBJECT,
              ProtocolFeature::GPA_ADDRESSES);
}

void BlkDevice::Reset() {
  config_.fill(0);
  PutLe<std::uint64_t>(config_, kCapacityAt, kDiskSize / kSectorSize);
  PutLe<std::uint32_t>(config_, kSegMaxAt, kSegMaxValue);
  PutLe<std::uint32_t>(config_, kBlkSizeAt, kSectorSize);
  config_[kWritebackOffset] = 1;
  PutLe<std::uint16_t>(config_, kQueueCountAt, kQueueCount);
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

std::uint8_t BlkDevice::Carry(const Header& header, const Chain& chain,
                              std::uint64_t in_size) {
  switch (header.type) {
    case kIn: {
      const std::span<std::byte> sectors = Sectors(header.sector, in_size);
      if (fault_(Fault::kBlkMovesReadableData) && !chain.readable().empty()) {
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

std::unique_ptr<MockDevice> MakeMockDevice(std::string_view name,
                                           const FaultSet& fault) {
  if (name == "blk") return std::make_unique<BlkDevice>(fault);
  if (name == "net") return std::make_unique<NetDevice>(fault);
  return nullptr;
}

}  // namespace vuspec
