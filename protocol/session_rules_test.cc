// The rules about values: each with its legal twin, since a rule that is too
// tight breaks as much as one that is missing.
#include <functional>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "protocol/session_test_support.h"

namespace vuspec::protocol {
namespace {

struct Rule {
  std::string_view name;
  Req req;
  Message wrong;
  Message right;
};

Message Make(Request request, Body body, std::size_t fd_count = 0) {
  return MakeRequest(request, std::move(body), fd_count);
}

VringAddr Addr(const std::function<void(VringAddr&)>& change) {
  VringAddr addr = AddressesOf(0);
  change(addr);
  return addr;
}

SingleMemoryRegion Region(std::uint64_t guest, std::uint64_t size,
                          std::uint64_t user, std::uint64_t offset = 0) {
  return {0, {guest, size, user, offset}};
}

std::vector<Rule> Rules() {
  using enum Request;
  const auto state = [](Request request, std::uint32_t index,
                        std::uint32_t num) {
    return Make(request, VringState{index, num});
  };
  const auto addr = [](const std::function<void(VringAddr&)>& change) {
    return Make(SET_VRING_ADDR, Addr(change));
  };
  const auto u64 = [](Request request, std::uint64_t value) {
    return Make(request, U64{value}, request == SET_VRING_KICK ? 1 : 0);
  };
  const auto config = [](std::uint32_t offset, std::uint32_t size,
                         std::uint32_t flags) {
    return Make(SET_CONFIG,
                Config{.offset = offset, .size = size, .flags = flags});
  };
  const auto inflight = [](std::uint16_t queues, std::uint16_t size) {
    return Make(GET_INFLIGHT_FD,
                Inflight{.num_queues = queues, .queue_size = size});
  };
  const auto iotlb = [](std::uint64_t iova, std::uint64_t size,
                        std::uint8_t permission, std::uint8_t type) {
    return Make(IOTLB_MSG, Iotlb{.iova = iova,
                                 .size = size,
                                 .permission = permission,
                                 .type = type});
  };
  const auto add = [](const SingleMemoryRegion& region) {
    return Make(ADD_MEM_REG, region, 1);
  };
  const auto transfer = [](std::uint32_t direction, std::uint32_t phase) {
    return Make(SET_DEVICE_STATE_FD, DeviceStateTransfer{direction, phase}, 1);
  };
  constexpr std::uint64_t kFar = 0x10000000000;
  constexpr std::uint64_t kTop = ~std::uint64_t{0} - 0xfff;
  // Of 0x2000 bytes, it ends at 2^64.
  constexpr std::uint64_t kLastRegion = kTop - 0x1000;
  return {
      {"index", Req::MQ_06, state(SET_VRING_NUM, 2, 8),
       state(SET_VRING_NUM, 1, 8)},
      {"index max", Req::MQ_06, state(GET_VRING_BASE, 0xffffffff, 0),
       state(GET_VRING_BASE, 0, 0)},
      {"size 0", Req::VNUM_03, state(SET_VRING_NUM, 0, 0),
       state(SET_VRING_NUM, 0, 1)},
      {"size max", Req::VNUM_04, state(SET_VRING_NUM, 0, 65536),
       state(SET_VRING_NUM, 0, 32768)},
      {"power of two", Req::VNUM_05, state(SET_VRING_NUM, 0, 3),
       state(SET_VRING_NUM, 0, 4)},
      {"address flags", Req::VADDR_10, addr([](auto& a) { a.flags = 2; }),
       addr([](auto& a) { a.flags = 1; })},
      {"descriptor alignment", Req::VADDR_07,
       addr([](auto& a) { a.descriptor += 8; }),
       addr([](auto& a) { a.descriptor += 16; })},
      {"used alignment", Req::VADDR_07, addr([](auto& a) { a.used += 2; }),
       addr([](auto& a) { a.used += 4; })},
      {"available alignment", Req::VADDR_07,
       addr([](auto& a) { a.available += 1; }),
       addr([](auto& a) { a.available += 2; })},
      {"outside", Req::VADDR_05,
       addr([](auto& a) { a.used = kUserBase + kMemorySize; }),
       addr([](auto& a) { a.used = kUserBase + kMemorySize - 4 - 8 * 256; })},
      {"past the end", Req::VADDR_06,
       addr([](auto& a) { a.used = kUserBase + kMemorySize - 8 * 256; }),
       addr([](auto& a) { a.used = kUserBase; })},
      {"address wraps", Req::VADDR_06,
       addr([](auto& a) { a.descriptor = kUserBase + kMemorySize - 16; }),
       addr([](auto& a) { a.log = ~std::uint64_t{0}; })},
      {"split base", Req::VBASE_10, state(SET_VRING_BASE, 0, 0x10000),
       state(SET_VRING_BASE, 0, 0xffff)},
      {"reserved num", Req::GBASE_08, state(GET_VRING_BASE, 0, 1),
       state(GET_VRING_BASE, 0, 0)},
      {"kick bits", Req::KICK_11, u64(SET_VRING_KICK, 0x200),
       u64(SET_VRING_KICK, 0x100)},
      {"kick of a bare ring", Req::KICK_13, u64(SET_VRING_KICK, 1),
       u64(SET_VRING_KICK, 0)},
      {"call bits", Req::KICK_11, u64(SET_VRING_CALL, 0x201),
       u64(SET_VRING_CALL, 0x101)},
      {"err bits", Req::KICK_11, u64(SET_VRING_ERR, std::uint64_t{1} << 63),
       u64(SET_VRING_ERR, 0x101)},
      {"enable", Req::ENA_03, state(SET_VRING_ENABLE, 0, 2),
       state(SET_VRING_ENABLE, 0, 1)},
      {"endian", Req::END_02, state(SET_VRING_ENDIAN, 0, 2),
       state(SET_VRING_ENDIAN, 0, 1)},
      {"config flags", Req::CFG_17, config(0, 4, 2), config(0, 4, 1)},
      {"config wraps", Req::CFG_06, config(0xfffffffd, 4, 0),
       config(0xfffffffb, 4, 0)},
      {"status", Req::STAT_06, u64(SET_STATUS, 256), u64(SET_STATUS, 255)},
      {"no queues", Req::INFL_08, inflight(0, 8), inflight(1, 8)},
      {"no entries", Req::INFL_08, inflight(1, 0), inflight(1, 1)},
      {"more entries", Req::INFL_09, inflight(1, 0x8001), inflight(1, 0x8000)},
      {"more queues", Req::INFL_13, inflight(3, 8), inflight(2, 8)},
      {"log size", Req::LOG_06, Make(SET_LOG_BASE, Log{0, 0}, 1),
       Make(SET_LOG_BASE, Log{1, 0}, 1)},
      {"log wraps", Req::LOG_06, Make(SET_LOG_BASE, Log{0x2000, kTop}, 1),
       Make(SET_LOG_BASE, Log{0x2000, 0x1000}, 1)},
      {"iotlb type", Req::IOTLB_05, iotlb(0, 8, 3, 1), iotlb(0, 8, 3, 2)},
      {"iotlb size", Req::IOTLB_15, iotlb(0, 0, 3, 2), iotlb(0, 1, 3, 3)},
      {"iotlb permission", Req::IOTLB_15, iotlb(0, 8, 4, 2), iotlb(0, 8, 0, 2)},
      {"iotlb wraps", Req::IOTLB_15, iotlb(kTop, 0x1001, 1, 2),
       iotlb(0, ~std::uint64_t{0}, 0, 3)},
      {"direction", Req::DST_04, transfer(2, 0), transfer(1, 0)},
      {"phase", Req::DST_04, transfer(0, 1), transfer(0, 0)},
      {"region size", Req::MEM_21, add(Region(kFar, 0, kFar)),
       add(Region(kFar, 1, kFar))},
      {"guest wraps", Req::MEM_23, add(Region(kTop, 0x2000, kFar)),
       add(Region(kLastRegion, 0x2000, kFar))},
      {"user wraps", Req::MEM_23, add(Region(kFar, 0x2000, kTop)),
       add(Region(kFar, 0x2000, kLastRegion))},
      {"offset wraps", Req::MEM_25, add(Region(kFar, 0x2000, kFar, kTop)),
       add(Region(kFar, 0x2000, kFar, kLastRegion))},
      {"guest overlap", Req::MEM_35,
       add(Region(kGuestBase + kMemorySize - 1, 8, kFar)),
       add(Region(kGuestBase + kMemorySize, 8, kFar))},
      {"user overlap", Req::MEM_35, add(Region(kFar, 8, kUserBase - 7)),
       add(Region(kFar, 8, kUserBase - 8))},
      {"no such region", Req::MEM_45,
       Make(REM_MEM_REG, Region(kGuestBase, kMemorySize - 1, kUserBase)),
       Make(REM_MEM_REG, Region(kGuestBase, kMemorySize, kUserBase, 77))},
      {"unoffered protocol bit", Req::PF_08,
       u64(SET_PROTOCOL_FEATURES, std::uint64_t{1} << 40),
       u64(SET_PROTOCOL_FEATURES, 1)},
      {"in-flight companion", Req::PF_11,
       u64(SET_PROTOCOL_FEATURES,
           Mask(ProtocolFeature::GET_VRING_BASE_INFLIGHT)),
       u64(SET_PROTOCOL_FEATURES, Mask(ProtocolFeature::GET_VRING_BASE_INFLIGHT,
                                       ProtocolFeature::INFLIGHT_SHMFD))},
      {"in-band companions", Req::PF_12,
       u64(SET_PROTOCOL_FEATURES, Mask(ProtocolFeature::INBAND_NOTIFICATIONS,
                                       ProtocolFeature::REPLY_ACK)),
       u64(SET_PROTOCOL_FEATURES,
           Mask(ProtocolFeature::INBAND_NOTIFICATIONS,
                ProtocolFeature::BACKEND_REQ, ProtocolFeature::REPLY_ACK))},
      {"notifier companions", Req::PF_14,
       u64(SET_PROTOCOL_FEATURES, Mask(ProtocolFeature::HOST_NOTIFIER)),
       u64(SET_PROTOCOL_FEATURES, Mask(ProtocolFeature::RARP))},
  };
}

SessionModel TwoRings() {
  SessionModel model = WithMemory();
  Ask(model, Request::GET_QUEUE_NUM, U64{2});
  Configure(model, 0);
  return model;
}

TEST(SessionRules, EachRefusesTheWrongValueAndTakesItsTwin) {
  for (const Rule& rule : Rules()) {
    SCOPED_TRACE(rule.name);
    SessionModel model = TwoRings();
    if (rule.right.spec == &Spec(Request::IOTLB_MSG)) {
      model.ApplyRequest(
          MakeRequest(Request::SET_FEATURES, U64{~std::uint64_t{0}}));
    }
    const auto wrong = model.CheckRequest(rule.wrong);
    ASSERT_TRUE(wrong);
    EXPECT_EQ(wrong->req, rule.req) << Text(wrong);
    EXPECT_EQ(wrong->subject, rule.wrong.spec->name);
    EXPECT_FALSE(wrong->field.empty());
    const auto right = model.CheckRequest(rule.right);
    EXPECT_FALSE(right) << Text(right);
  }
}

TEST(SessionRules, UnofferedFeaturesAreRefused) {
  SessionModel model(
      DeviceLimits{.virtio_features = 0x140000000, .protocol_features = {}});
  model.ApplyRequest(MakeRequest(Request::SET_OWNER));
  EXPECT_EQ(Refused(model, Make(Request::SET_FEATURES, U64{1})), Req::FEAT_07);
  EXPECT_EQ(Refused(model, Make(Request::SET_FEATURES, U64{0x140000000})),
            std::nullopt);
}

TEST(SessionRules, PackedRingsHaveOtherSizesBasesAndAlignments) {
  SessionModel model = TwoRings();
  Send(model, Request::SET_FEATURES,
       U64{Mask(VirtioFeature::PROTOCOL_FEATURES, VirtioFeature::RING_PACKED)});
  Send(model, Request::SET_VRING_NUM, VringState{0, 3});
  Send(model, Request::SET_VRING_BASE, VringState{0, 0x80008000});
  const auto odd = Addr([](VringAddr& a) { a.available += 2; });
  EXPECT_EQ(Refused(model, Make(Request::SET_VRING_ADDR, odd)), Req::VADDR_07);
}

TEST(SessionRules, ASizeThatGrewIsJudgedAtTheKick) {
  SessionModel model = TwoRings();
  VringAddr addr = AddressesOf(0);
  addr.descriptor = kUserBase + kMemorySize - 16 * 256;
  Send(model, Request::SET_VRING_ADDR, addr);
  Send(model, Request::SET_VRING_NUM, VringState{0, 512});
  EXPECT_EQ(Refused(model, Make(Request::SET_VRING_KICK, U64{0}, 1)),
            Req::VADDR_06);
  Send(model, Request::SET_VRING_NUM, VringState{0, 128});
  Kick(model, 0);
}

TEST(SessionRules, DeviceStateNeedsASuspendedDevice) {
  SessionModel model = TwoRings();
  const auto start =
      Make(Request::SET_DEVICE_STATE_FD, DeviceStateTransfer{}, 1);
  Send(model, start);
  Send(model, Request::CHECK_DEVICE_STATE);
  Kick(model, 0);
  EXPECT_EQ(Refused(model, start), Req::DST_15);
  EXPECT_EQ(Refused(model, Make(Request::CHECK_DEVICE_STATE, Empty{})),
            Req::DST_15);
}

}  // namespace
}  // namespace vuspec::protocol
