#include "harness/backend/offer.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>

#include "protocol/features.h"

namespace vuspec {

using protocol::Mask;
using protocol::ProtocolFeature;
using protocol::VirtioFeature;

std::uint64_t OfferedFeatures(const MockDevice& device, const FaultSet& fault) {
  std::uint64_t features =
      device.device_features() |
      Mask(VirtioFeature::LOG_ALL, VirtioFeature::INDIRECT_DESC,
           VirtioFeature::EVENT_IDX, VirtioFeature::PROTOCOL_FEATURES,
           VirtioFeature::VERSION_1, VirtioFeature::ACCESS_PLATFORM);
  if (fault(Fault::kBit30NotOffered)) {
    features &= ~Mask(VirtioFeature::PROTOCOL_FEATURES);
  }
  if (fault(Fault::kVersion1NotOffered)) {
    features &= ~Mask(VirtioFeature::VERSION_1);
  }
  if (fault(Fault::kChannelTakenUnoffered)) {
    features &= ~Mask(VirtioFeature::ACCESS_PLATFORM);
  }
  if (fault(Fault::kReservedBitOffered)) features |= std::uint64_t{1} << 45;
  if (fault(Fault::kUnimplementedFeatureOffered)) {
    features |= Mask(VirtioFeature::ACCESS_PLATFORM);
  }
  return features;
}

std::uint64_t OfferedProtocolFeatures(const MockDevice& device,
                                      const FaultSet& fault) {
  std::uint64_t features =
      device.protocol_features() |
      Mask(ProtocolFeature::MQ, ProtocolFeature::LOG_SHMFD,
           ProtocolFeature::REPLY_ACK, ProtocolFeature::BACKEND_REQ,
           ProtocolFeature::BACKEND_SEND_FD, ProtocolFeature::CONFIG,
           ProtocolFeature::INBAND_NOTIFICATIONS,
           ProtocolFeature::INFLIGHT_SHMFD, ProtocolFeature::RESET_DEVICE,
           ProtocolFeature::CONFIGURE_MEM_SLOTS, ProtocolFeature::STATUS,
           ProtocolFeature::DEVICE_STATE,
           ProtocolFeature::GET_VRING_BASE_INFLIGHT,
           ProtocolFeature::SHMEM_MAP);
  if (fault(Fault::kPrerequisiteNotOffered)) {
    features |= Mask(ProtocolFeature::HOST_NOTIFIER);
    features &= ~Mask(ProtocolFeature::BACKEND_SEND_FD);
  }
  if (fault(Fault::kResetTakenUnoffered)) {
    features &= ~Mask(ProtocolFeature::RESET_DEVICE);
  }
  if (fault(Fault::kChannelTakenUnoffered)) {
    for (std::uint64_t bits = features; bits != 0; bits &= bits - 1) {
      const auto bit = static_cast<ProtocolFeature>(std::countr_zero(bits));
      if (protocol::Has(protocol::Prerequisites(bit),
                        ProtocolFeature::BACKEND_REQ)) {
        features &= ~Mask(bit);
      }
    }
    features &= ~Mask(ProtocolFeature::BACKEND_REQ);
  }
  if (fault(Fault::kMqNotOffered)) features &= ~Mask(ProtocolFeature::MQ);
  if (fault(Fault::kUndefinedProtocolFeatureOffered)) {
    features |= std::uint64_t{1} << 40;
  }
  if (fault(Fault::kUnimplementedFeatureOffered)) {
    features |= protocol::kDefinedProtocolFeatures;
  }
  if (fault(Fault::kPrerequisitesNotChecked)) {
    features |= Mask(ProtocolFeature::INBAND_NOTIFICATIONS);
  }
  return features;
}

protocol::DeviceLimits LimitsOf(const MockDevice& device,
                                const FaultSet& fault) {
  protocol::DeviceLimits limits;
  limits.virtio_features =
      OfferedFeatures(device, fault) | Mask(VirtioFeature::PROTOCOL_FEATURES);
  limits.protocol_features = OfferedProtocolFeatures(device, fault);
  limits.device = device.kind();
  limits.queue_count = device.queue_count();
  limits.slot_count = kSlotCount;
  return limits;
}

UniqueFd Duplicate(const UniqueFd& fd) {
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
}

void Truncate(const UniqueFd& fd) {
  // A sealed file refuses, and that is the point of the seal.
  (void)!::ftruncate(fd.get(), 0);
}

}  // namespace vuspec
