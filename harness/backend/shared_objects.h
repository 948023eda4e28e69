// The object that the device exports to other devices: one buffer, which is
// there from the start of the first ring to the reset of the device. For that
// time it also wants an object of another device, and asks for it once.
//
// What is exported and what the front-end was told may differ for a while,
// since a suspended device may not speak.
//
// Contract: one thread; every descriptor handed out is a copy.
//
// Spec: VHOST_USER_GET_SHARED_OBJECT, VHOST_USER_BACKEND_SHARED_OBJECT_ADD,
// ..._REMOVE and ..._LOOKUP.
#ifndef VUSPEC_HARNESS_BACKEND_SHARED_OBJECTS_H_
#define VUSPEC_HARNESS_BACKEND_SHARED_OBJECTS_H_

#include <optional>

#include "harness/backend/backend_memory.h"
#include "harness/backend/fault.h"
#include "harness/backend/request_channel.h"
#include "harness/transport/unique_fd.h"
#include "protocol/message.h"

namespace vuspec {

class SharedObjects {
 public:
  // The first three parts are big-endian: 76757370-6563-4275-8001-...
  static constexpr protocol::Uuid kBuffer = {
      {0x76, 0x75, 0x73, 0x70, 0x65, 0x63, 0x42, 0x75, 0x80, 0x01, 0x02, 0x03,
       0x04, 0x05, 0x06, 0x07}};

  // What it wants: 76757370-6563-4f74-8001-...
  static constexpr protocol::Uuid kWanted = {
      {0x76, 0x75, 0x73, 0x70, 0x65, 0x63, 0x4f, 0x74, 0x80, 0x01, 0x02, 0x03,
       0x04, 0x05, 0x06, 0x07}};

  // Both outlive the objects.
  SharedObjects(const FaultSet& fault, Hoard& hoard)
      : fault_(fault), hoard_(hoard) {}

  void Export();
  void Withdraw();

  // Invalid for an object that is not exported.
  UniqueFd Get(const protocol::Uuid& uuid) const;

  // What the front-end does not know yet: to be sent, and then confirmed.
  std::optional<protocol::Message> News() const;
  void NewsWereSent() { told_ = exported_; }

  // The question that is due: to be sent, and then confirmed.
  std::optional<protocol::Message> Wanted() const;
  void LookupWasSent() { asked_ = true; }
  void OnAnswer(RequestChannel::Answer& answer);

 private:
  const FaultSet& fault_;
  Hoard& hoard_;
  UniqueFd buffer_;
  UniqueFd imported_;
  bool exported_ = false;
  bool told_ = false;
  bool asked_ = false;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_SHARED_OBJECTS_H_
