// Sessions in the states that the tests of the session model begin with.
#ifndef VUSPEC_PROTOCOL_SESSION_TEST_SUPPORT_H_
#define VUSPEC_PROTOCOL_SESSION_TEST_SUPPORT_H_

#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "protocol/session_model.h"

namespace vuspec::protocol {

inline constexpr std::uint64_t kUserBase = 0x7f0000000000;
inline constexpr std::uint64_t kGuestBase = 0x40000000;
inline constexpr std::uint64_t kMemorySize = 0x100000;

inline std::string Text(const std::optional<Violation>& violation) {
  return violation ? ToString(*violation) : "no violation";
}

// Which requirement forbids `request` now, if any.
inline std::optional<Req> Refused(const SessionModel& model,
                                  const Message& request) {
  const auto wrong = model.CheckRequest(request);
  if (!wrong) return std::nullopt;
  return wrong->req;
}

// Sends what must be legal.
inline void Send(SessionModel& model, const Message& request) {
  const auto wrong = model.CheckRequest(request);
  ASSERT_FALSE(wrong) << Text(wrong);
  model.ApplyRequest(request);
}
inline void Send(SessionModel& model, Request request, Body body = Empty{},
                 std::size_t fd_count = 0) {
  Send(model, MakeRequest(request, std::move(body), fd_count));
}

// Asks, whatever the gates say, and hears a legal answer.
inline void Ask(SessionModel& model, Request request, Body answer) {
  const Message asked = MakeRequest(request);
  const Message reply = MakeReply(asked, std::move(answer));
  const auto wrong = model.CheckReply(asked, reply);
  ASSERT_FALSE(wrong) << Text(wrong);
  model.ApplyRequest(asked);
  model.ApplyReply(asked, reply);
}

// Everything is offered and negotiated except `without`; no owner yet.
inline SessionModel Negotiated(std::uint64_t without = 0) {
  SessionModel model(DeviceLimits{.virtio_features = ~std::uint64_t{0},
                                  .protocol_features = kDefinedProtocolFeatures,
                                  .device = DeviceKind::kGpu});
  model.ApplyRequest(MakeRequest(Request::SET_PROTOCOL_FEATURES,
                                 U64{kDefinedProtocolFeatures & ~without}));
  model.ApplyRequest(
      MakeRequest(Request::SET_FEATURES, U64{~std::uint64_t{0}}));
  return model;
}

inline SessionModel Opened(std::uint64_t without = 0) {
  SessionModel model = Negotiated(without);
  model.ApplyRequest(MakeRequest(Request::SET_OWNER));
  return model;
}

// The usual: split rings without IOMMU, bit 30, one region of memory.
inline SessionModel WithMemory() {
  using enum VirtioFeature;
  SessionModel model =
      Opened(Mask(ProtocolFeature::XEN_MMAP, ProtocolFeature::GPA_ADDRESSES));
  model.ApplyRequest(MakeRequest(Request::SET_FEATURES,
                                 U64{Mask(PROTOCOL_FEATURES, VERSION_1)}));
  MemoryTable table{.region_count = 1};
  table.regions[0] = {kGuestBase, kMemorySize, kUserBase, 0};
  Send(model, Request::SET_MEM_TABLE, table, 1);
  return model;
}

inline VringAddr AddressesOf(std::uint32_t index) {
  const std::uint64_t base = kUserBase + index * 0x4000;
  return {.index = index,
          .flags = 0,
          .descriptor = base,
          .used = base + 0x2000,
          .available = base + 0x1000,
          .log = 0};
}

inline void Configure(SessionModel& model, std::uint32_t index) {
  Send(model, Request::SET_VRING_NUM, VringState{index, 256});
  Send(model, Request::SET_VRING_BASE, VringState{index, 0});
  Send(model, Request::SET_VRING_ADDR, AddressesOf(index));
}

inline void Kick(SessionModel& model, std::uint32_t index) {
  Send(model, Request::SET_VRING_KICK, U64{index}, 1);
}

inline void Stop(SessionModel& model, std::uint32_t index, std::uint32_t base) {
  const Message request =
      MakeRequest(Request::GET_VRING_BASE, VringState{index, 0});
  Send(model, request);
  model.ApplyReply(request, MakeReply(request, VringState{index, base}));
}

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_SESSION_TEST_SUPPORT_H_
