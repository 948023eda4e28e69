// A guest behind an IOMMU: every address that the peer sees is an IOVA, far
// from the guest address that it stands for.
//
// Contract: failures end the case. A port borrows its session and its channel.
//
// Spec: "IOMMU support".
#ifndef VUSPEC_CONFORMANCE_MEMORY_IOVA_VERBS_H_
#define VUSPEC_CONFORMANCE_MEMORY_IOVA_VERBS_H_

#include <cstdint>
#include <set>
#include <span>

#include "conformance/backend_channel/channel_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/device/device_driver.h"
#include "harness/session/session.h"
#include "protocol/payloads.h"

namespace vuspec {

inline constexpr std::uint64_t kIovaDistance = std::uint64_t{1} << 40;
constexpr std::uint64_t ToIova(std::uint64_t guest_address) {
  return guest_address + kIovaDistance;
}
constexpr std::uint64_t PageOf(std::uint64_t address) {
  return address & ~(kPageSize - 1);
}

enum class IotlbType : std::uint8_t {
  kMiss = 1,
  kUpdate = 2,
  kInvalidate = 3,
  kAccessFail = 4,
};
enum IotlbPermission : std::uint8_t {
  kNoAccess = 0,
  kReadOnly = 1,
  kWriteOnly = 2,
  kReadWrite = 3,
};

// The translation of [guest_address, guest_address + size).
protocol::Iotlb Update(Session& session, std::uint64_t guest_address,
                       std::uint64_t size,
                       std::uint8_t permission = kReadWrite);
protocol::Iotlb Invalidation(std::uint64_t guest_address, std::uint64_t size);
// For all of memory.
void TranslateAll(Session& session);

IoRequest OnIova(IoRequest request);

class IommuCase : public ChannelCase {
 public:
  static constexpr std::uint64_t kAccessPlatform =
      Mask(protocol::VirtioFeature::ACCESS_PLATFORM);
  static constexpr std::uint64_t kBackendReq =
      Mask(protocol::ProtocolFeature::BACKEND_REQ);

 protected:
  // With its channel; nothing is translated and no ring is there.
  Session& StartBehindIommu(std::uint64_t more_features = 0);
  // All of memory is translated, and every ring of the device runs.
  Session& StartTranslated();
  // Configures, starts and enables a ring on IOVAs.
  static SessionRing& StartRing(Session& session, std::uint32_t queue);
  static void StartRings(Session& session);

  // Posts a request on IOVAs, without awaiting it.
  void PostOnIova(Session& session, const IoRequest& request);
  // Awaits and judges it.
  void ExpectServed(Session& session, const IoRequest& request);
  // The next message says that this address cannot be reached so.
  BackendMessage ExpectAnnounced(IotlbType type, std::uint64_t iova,
                                 IotlbPermission needed);
};

// Rings on IOVAs whose misses are served page by page.
class IovaPort final : public IoPort {
 public:
  IovaPort(Session& session, BackendChannel& channel)
      : session_(session), channel_(channel) {}

  GuestMemory& memory() override { return session_.memory(); }
  Reply<Done> Post(std::uint32_t queue,
                   std::span<const Segment> segments) override;
  Reply<Completion> Await(std::uint32_t queue) override;

  // Pages that were missed so far.
  const std::set<std::uint64_t>& missed() const { return missed_; }

 private:
  Reply<Done> ServeMiss();

  Session& session_;
  BackendChannel& channel_;
  std::set<std::uint64_t> missed_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_MEMORY_IOVA_VERBS_H_
