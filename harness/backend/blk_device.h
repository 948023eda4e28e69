// A disk in memory, with virtio-blk's requests on every queue.
//
// Contract: see device.h. The content lives as long as the device and starts
// as zeroes; Reset keeps it. Every request is answered in full: a request that
// fails has its data area zeroed, so that the used length always covers the
// whole writable part.
//
// Spec: virtio 1.3, section 5.2.
#ifndef VUSPEC_HARNESS_BACKEND_BLK_DEVICE_H_
#define VUSPEC_HARNESS_BACKEND_BLK_DEVICE_H_

#include <array>

#include "harness/backend/device.h"

namespace vuspec {

class BlkDevice final : public MockDevice {
 public:
  static constexpr std::size_t kSectorSize = 512;
  static constexpr std::size_t kDiskSize = std::size_t{8} << 20;
  static constexpr std::uint32_t kQueueCount = 4;
  static constexpr std::size_t kConfigSize = 60;
  // Where the only writable byte lies.
  static constexpr std::size_t kWritebackOffset = 32;
  static constexpr std::string_view kSerial = "vuspec-disk-0001";

  explicit BlkDevice(const FaultSet& fault = {});

  std::string_view name() const override { return "blk"; }
  std::uint64_t device_features() const override;
  std::uint64_t protocol_features() const override;
  std::uint32_t queue_count() const override { return kQueueCount; }
  std::span<const std::uint8_t> config() const override { return config_; }
  bool WriteConfig(std::size_t offset,
                   std::span<const std::uint8_t> bytes) override;
  void Negotiate(std::uint64_t features) override;
  std::optional<std::uint32_t> Process(std::uint32_t queue,
                                       const Chain& chain) override;
  // The disk grows by one sector, which is not there to read: only its size
  // is announced.
  void ChangeConfig() override;
  // The cache mode is all that a driver can set.
  std::vector<std::uint8_t> SaveState() const override;
  bool LoadState(std::span<const std::uint8_t> state) override;
  void Reset() override;

 private:
  struct Header;
  std::uint8_t Carry(const Header& header, const Chain& chain,
                     std::uint64_t in_size);
  std::uint8_t StatusOfMiss(std::uint64_t size) const;
  // DISCARD and WRITE_ZEROES: both leave zeroes behind.
  std::uint8_t ClearRanges(std::uint32_t type, const Chain& chain);
  std::uint8_t CheckRange(std::uint32_t type, std::uint64_t sector,
                          std::uint32_t count, std::uint32_t flags);
  // The sectors, or nothing when they are not all on the disk.
  std::span<std::byte> Sectors(std::uint64_t sector, std::uint64_t size);

  const FaultSet fault_;
  std::uint64_t negotiated_ = 0;
  std::array<std::uint8_t, kConfigSize> config_{};
  // Zeroed by the system, page by page as it is used.
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte, Free> disk_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_BLK_DEVICE_H_
