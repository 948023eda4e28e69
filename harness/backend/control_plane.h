// Carries out the requests of a session: everything between a message that is
// well-formed and what it does to the world.
//
// Contract: one thread; never blocks. The descriptors of a request are taken
// or left in the vector, which the caller drops. A request that is refused has
// changed nothing.
//
// Spec: "Front-end message types", one function for each kind of effect.
#ifndef VUSPEC_HARNESS_BACKEND_CONTROL_PLANE_H_
#define VUSPEC_HARNESS_BACKEND_CONTROL_PLANE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "harness/backend/backend_memory.h"
#include "harness/backend/crypto_sessions.h"
#include "harness/backend/dirty_log.h"
#include "harness/backend/environment.h"
#include "harness/backend/gpu_socket.h"
#include "harness/backend/host_notifiers.h"
#include "harness/backend/in_flight_area.h"
#include "harness/backend/iommu.h"
#include "harness/backend/page_faults.h"
#include "harness/backend/request_channel.h"
#include "harness/backend/ring_set.h"
#include "harness/backend/shared_objects.h"
#include "harness/backend/shared_window.h"
#include "harness/backend/state_transfer.h"
#include "harness/transport/unique_fd.h"
#include "protocol/message.h"
#include "protocol/session_model.h"

namespace vuspec {

struct Handled {
  // kClosed: refused in the one way that is left, the end of the session.
  // kLater: a reply, once the transfer of device state has ended.
  enum class Kind { kDone, kReply, kLater, kRefused, kClosed };
  Kind kind = Kind::kDone;
  protocol::Body body = protocol::Empty{};  // of a reply
  UniqueFd fd = {};                         // sent with it, if any

  static Handled Done() { return {}; }
  static Handled Refused() { return {Kind::kRefused, protocol::Empty{}, {}}; }
  static Handled Closed() { return {Kind::kClosed, protocol::Empty{}, {}}; }
  static Handled Later() { return {Kind::kLater, protocol::Empty{}, {}}; }
  static Handled Reply(protocol::Body body, UniqueFd fd = {}) {
    return {Kind::kReply, body, std::move(fd)};
  }
  static Handled DoneIf(bool done) { return done ? Done() : Refused(); }
};

class ControlPlane {
 public:
  // `connection` is watched for its end while a page is awaited.
  // `predecessor` is the model of the session before, nullptr for the first;
  // only a defective mock looks at it.
  ControlPlane(const Environment& environment, int connection,
               const protocol::SessionModel* predecessor);
  ControlPlane(ControlPlane&&) = delete;

  // Judges the request against the state of the session and carries it out.
  Handled Handle(const protocol::Message& request, std::vector<UniqueFd>& fds);

  // The device changed its configuration by itself: tells the front-end, now
  // or when a ring runs again.
  void AnnounceConfigChange();

  // The back-end channel has something to read.
  void HearAnswers();

  // To be called after Run of the rings: what follows from what they met.
  void AfterRun();

  // A defective mock lets trouble with the back-end channel end the session.
  bool in_trouble() const { return channel_.in_trouble(); }

  // The transfer of device state: to be pumped in every turn.
  StateTransfer& state_transfer() { return state_transfer_; }
  // The reply to CHECK_DEVICE_STATE. REQUIRES: no transfer runs.
  protocol::Body StateVerdict() const;

  const protocol::SessionModel& model() const { return model_; }
  RingSet& rings() { return rings_; }
  const RingSet& rings() const { return rings_; }
  // Somebody may have to be served of whom no descriptor tells.
  bool polling() const { return rings_.polling() || host_notifiers_.polling(); }

 private:
  Handled Carry(const protocol::Message& request, std::vector<UniqueFd>& fds);
  Handled CarryOther(const protocol::Message& request,
                     std::vector<UniqueFd>& fds);
  Handled CarryForDevice(const protocol::Message& request,
                         std::vector<UniqueFd>& fds);
  Handled Unheeded(const protocol::Message& request) const;
  static Handled RefusalOf(const protocol::Message& request,
                           const protocol::Violation& wrong);

  Handled GetFeatures();
  Handled SetFeatures(const protocol::Message& request);
  Handled SetMemoryTable(const protocol::Message& request,
                         std::vector<UniqueFd>& fds);
  Handled AddRegion(const protocol::Message& request,
                    std::vector<UniqueFd>& fds);
  Handled RemoveRegion(const protocol::Message& request);
  Handled SetLogBase(const protocol::Message& request,
                     std::vector<UniqueFd>& fds);
  Handled SetVringAddr(const protocol::Message& request);
  Handled GetVringBase(const protocol::Message& request);
  Handled SetVringFd(const protocol::Message& request,
                     std::vector<UniqueFd>& fds);
  Handled SetVringEnable(const protocol::Message& request);
  Handled GetInflightFd(const protocol::Message& request);
  Handled SetInflightFd(const protocol::Message& request,
                        std::vector<UniqueFd>& fds);
  Handled GetConfig(const protocol::Message& request) const;
  Handled SetConfig(const protocol::Message& request);
  Handled SetStatus(const protocol::Message& request);
  Handled ResetDevice(const protocol::Message& request);
  Handled OpenBackendChannel(const protocol::Message& request,
                             std::vector<UniqueFd>& fds);
  Handled KickInband(const protocol::Message& request);
  Handled Translate(const protocol::Message& request);
  Handled GetSharedObject(const protocol::Uuid& uuid);
  Handled SetDeviceStateFd(const protocol::DeviceStateTransfer& transfer,
                           UniqueFd channel);
  Handled CheckDeviceState();
  Handled AdvisePostcopy(const protocol::Message& request);
  Handled ListenForPostcopy(const protocol::Message& request);
  Handled EndPostcopy(const protocol::Message& request);
  // A table while we listen: the memory, or the word that it may be used.
  Handled SetPostcopyTable(const protocol::Message& request,
                           std::vector<UniqueFd>& fds);
  // A region was added while we listen.
  Handled TellPlace(const protocol::Message& request);
  bool WatchAllMemory();
  // The body of SET_MEM_TABLE or ADD_MEM_REG, as it is answered.
  protocol::Body WithPlaces(protocol::Body body) const;
  std::uint64_t PlaceOf(const protocol::MemoryRegion& region) const;

  // Whether GET_VRING_BASE leaves requests in flight.
  bool SuspendsAtStop() const;
  // Says on the back-end channel what the front-end does not know yet.
  void AnnounceObjects();
  // What a defective device does although every ring is stopped.
  void SufferSuspension();

  void MisplaceRings(std::span<protocol::MemoryRegion> regions) const;
  void ResetToBirth();
  void StopAllRings();
  void ApplyStatus(std::uint64_t status);
  void Inherit(const protocol::SessionModel& predecessor);
  void SetAllEnabled(bool enabled);
  void NotifyInband();
  void FollowHostNotifiers();

  const Environment& environment_;
  const FaultSet& fault_;
  MockDevice& device_;
  protocol::SessionModel model_;
  Iommu iommu_;
  BackendMemory memory_;
  PageFaults page_faults_;
  DirtyLog log_;
  InFlightArea in_flight_area_;
  RingSet rings_;
  RequestChannel channel_;
  SharedWindow window_;
  HostNotifiers host_notifiers_;
  StateTransfer state_transfer_;
  CryptoSessions crypto_sessions_;
  SharedObjects shared_objects_;
  GpuSocket gpu_socket_;
  bool config_change_due_ = false;
  int features_asked_count_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_CONTROL_PLANE_H_
