// Shared memory regions of the device: what GET_SHMEM_CONFIG says, and what the
// back-end maps into them.
#include <sys/mman.h>

#include <array>
#include <map>
#include <utility>

#include "conformance/backend_channel/channel_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"

namespace vuspec {
namespace {

using protocol::BackendRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::ShmemConfig;
using protocol::ShmemMap;

constexpr std::uint64_t kShmem =
    Mask(ProtocolFeature::SHMEM_MAP, ProtocolFeature::BACKEND_REQ,
         ProtocolFeature::BACKEND_SEND_FD);
constexpr std::uint64_t kReset = Mask(ProtocolFeature::RESET_DEVICE);

// The mappings that the back-end may rely on.
class Mappings {
 public:
  explicit Mappings(const ShmemConfig& config) : config_(config) {}

  void Clear() { all_.clear(); }

  // A free range of a region that exists.
  void ExpectRoomFor(const ShmemMap& map) const {
    const std::uint64_t size = config_.memory_sizes[map.shmid];
    EXPECT_LE(map.shm_offset + map.length, size) << "of region " << +map.shmid;
    EXPECT_EQ(map.shm_offset % kPageSize, 0u);
    for (const auto& [place, length] : all_) {
      const bool apart = place.first != map.shmid ||
                         place.second + length <= map.shm_offset ||
                         map.shm_offset + map.length <= place.second;
      EXPECT_TRUE(apart) << "over a mapping at " << place.second;
    }
  }
  void Add(const ShmemMap& map) { all_[PlaceOf(map)] = map.length; }
  // Exactly one of those that were added.
  void Remove(const ShmemMap& map) {
    const auto found = all_.find(PlaceOf(map));
    ASSERT_NE(found, all_.end()) << "no mapping begins there";
    EXPECT_EQ(found->second, map.length);
    all_.erase(found);
  }

 private:
  using Place = std::pair<std::uint8_t, std::uint64_t>;
  static Place PlaceOf(const ShmemMap& map) {
    return {map.shmid, map.shm_offset};
  }

  const ShmemConfig config_;
  std::map<Place, std::uint64_t> all_;
};

class Shmem : public ChannelCase {
 protected:
  Session& StartShmem() {
    return StartSession({.protocol = kPlainProtocol | kShmem | kReset});
  }
  // A device at work, and what it maps first; where it maps nothing by itself
  // the case says nothing.
  std::optional<BackendMessage> FirstMapping(Session& session) {
    channel_.emplace(Require(session.frontend().OpenBackendChannel()));
    Require(session.BringDevice());
    auto map = Overheard(*channel_);
    if (!map) {
      [] { GTEST_SKIP() << "the device maps nothing by itself"; }();
    }
    return map;
  }
  void SetEnabled(Session& session, bool on) {
    for (const std::uint32_t queue : session.driver()->profile().queues) {
      Require(session.frontend().SetVringEnable(queue, on));
    }
  }
  // Grants what the back-end asks for, as long as it asks, and judges it.
  void Serve(Session& session, Mappings& mappings) {
    for (int count = 0; count < kHeardCountMax; ++count) {
      const auto request = SaidSoFar(session, *channel_);
      if (!request) return;
      if (Is(*request, BackendRequest::BACKEND_SHMEM_MAP)) {
        const auto& map = std::get<ShmemMap>(request->message.body);
        mappings.ExpectRoomFor(map);
        mappings.Add(map);
      } else if (Is(*request, BackendRequest::BACKEND_SHMEM_UNMAP)) {
        mappings.Remove(std::get<ShmemMap>(request->message.body));
      }
      Answer(*channel_, *request);
    }
  }
};

constexpr Needs kOffered = {.protocol = kShmem};
constexpr Needs kAtWork = {.protocol = kShmem, .io = true};

CONFORMANCE_CASE(Shmem, ConfigurationCountsWholePages,
                 .cites = {Req::SHM_01, Req::SHM_02, Req::SHM_03},
                 .needs = kOffered) {
  const ShmemConfig config = Require(StartShmem().frontend().GetShmemConfig());
  for (const std::uint64_t size : config.memory_sizes) {
    EXPECT_EQ(size % kPageSize, 0u);
  }
}

CONFORMANCE_CASE(Shmem, ConfigurationStaysTheSame, .cites = {Req::SHM_04},
                 .needs = kOffered) {
  Session& session = StartShmem();
  const ShmemConfig first = Require(session.frontend().GetShmemConfig());
  EXPECT_EQ(Require(session.frontend().GetShmemConfig()), first);
  if (!Offers(ProtocolFeature::RESET_DEVICE)) return;
  Require(session.frontend().ResetDevice());
  EXPECT_EQ(Require(session.frontend().GetShmemConfig()), first);
}

CONFORMANCE_CASE(Shmem, MappingsLieWithinTheirRegions,
                 .cites = {Req::BCH_19, Req::BCH_20}, .needs = kAtWork,
                 .open = {protocol::Ambiguity::kMapPadding}) {
  Session& session = StartShmem();
  const ShmemConfig config = Require(session.frontend().GetShmemConfig());
  const auto request = FirstMapping(session);
  if (!request) return;
  ASSERT_TRUE(Is(*request, BackendRequest::BACKEND_SHMEM_MAP));
  Mappings mappings(config);
  mappings.ExpectRoomFor(std::get<ShmemMap>(request->message.body));
  Answer(*channel_, *request);
  CompleteOne(session);
}

CONFORMANCE_CASE(Shmem, MappingsHaveADescriptorThatCanBeMapped,
                 .cites = {Req::BCH_19}, .needs = kAtWork) {
  const auto request = FirstMapping(StartShmem());
  if (!request) return;
  ASSERT_EQ(request->fds.size(), 1u);
  const auto& map = std::get<ShmemMap>(request->message.body);
  void* const memory =
      ::mmap(nullptr, map.length, PROT_READ, MAP_SHARED, request->fds[0].get(),
             static_cast<off_t>(map.fd_offset));
  ASSERT_NE(memory, MAP_FAILED);
  ::munmap(memory, map.length);
}

CONFORMANCE_CASE(Shmem, OnlyWholeMappingsAreUnmapped, .cites = {Req::BCH_21},
                 .needs = kAtWork) {
  Session& session = StartShmem();
  Mappings mappings(Require(session.frontend().GetShmemConfig()));
  const auto request = FirstMapping(session);
  if (!request) return;
  mappings.Add(std::get<ShmemMap>(request->message.body));
  Answer(*channel_, *request);
  for (const bool on : {false, true, false}) {
    SetEnabled(session, on);
    Serve(session, mappings);
  }
}

CONFORMANCE_CASE(Shmem, ARefusedMappingIsNotUnmapped,
                 .cites = {Req::BCH_20, Req::BCH_21}, .needs = kAtWork) {
  Session& session = StartShmem();
  Mappings mappings(Require(session.frontend().GetShmemConfig()));
  const auto request = FirstMapping(session);
  if (!request) return;
  MarkNegative();
  Answer(*channel_, *request, 1);
  CompleteOne(session);
  SetEnabled(session, false);
  Serve(session, mappings);
}

CONFORMANCE_CASE(Shmem, AResetLeavesNoMapping, .cites = {Req::BCH_22},
                 .needs = {.protocol = kShmem | kReset, .io = true}) {
  Session& session = StartShmem();
  Mappings mappings(Require(session.frontend().GetShmemConfig()));
  const auto request = FirstMapping(session);
  if (!request) return;
  Answer(*channel_, *request);
  Require(session.frontend().ResetDevice());
  for (const bool on : {true, false}) {
    SetEnabled(session, on);
    Serve(session, mappings);
  }
}

}  // namespace
}  // namespace vuspec
