#include "conformance/generated/standard_session.h"

#include "conformance/kit/matchers.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/session/session.h"
#include "harness/suite/context.h"

namespace vuspec {

using protocol::Request;
using protocol::U64;
using protocol::VringState;

StandardSession::StandardSession(std::size_t region_count)
    : memory_(MakeMemory(RegionsOfCount(region_count))),
      ring_(Require(SplitDriver::Create(memory_, kRingSize, {}))),
      kick_(Require(Event::Create())),
      call_(Require(Event::Create())),
      err_(Require(Event::Create())) {}

ScriptedMessage StandardSession::Make(Request request) const {
  std::vector<int> fds = FdsOf(request);
  return {MakeRequest(request, BodyOf(request), fds.size()), std::move(fds)};
}

protocol::Body StandardSession::BodyOf(Request request) const {
  const ProbeResult& probe = CurrentRun().probe();
  switch (request) {
    case Request::SET_PROTOCOL_FEATURES:
      return U64{kPlainProtocol & probe.protocol_features};
    case Request::SET_FEATURES:
      return U64{kPlainVirtio & probe.virtio_features};
    case Request::SET_MEM_TABLE:
      return RawTable(memory_.regions()).message().body;
    case Request::SET_VRING_NUM:
      return VringState{0, kRingSize};
    case Request::SET_VRING_BASE:
      return VringState{0, 0};
    case Request::SET_VRING_ADDR:
      return protocol::VringAddr{
          .descriptor = ring_.user_addresses().descriptor_table,
          .used = ring_.user_addresses().used,
          .available = ring_.user_addresses().available};
    case Request::SET_VRING_ENABLE:
      return VringState{0, 1};
    case Request::SET_VRING_ERR:
    case Request::SET_VRING_CALL:
    case Request::SET_VRING_KICK:
      return U64{0};
    default:
      return protocol::Empty{};
  }
}

std::vector<int> StandardSession::FdsOf(Request request) const {
  switch (request) {
    case Request::SET_MEM_TABLE:
      return RawTable(memory_.regions()).fds;
    case Request::SET_VRING_ERR:
      return {err_.fd()};
    case Request::SET_VRING_CALL:
      return {call_.fd()};
    case Request::SET_VRING_KICK:
      return {kick_.fd()};
    default:
      return {};
  }
}

}  // namespace vuspec
