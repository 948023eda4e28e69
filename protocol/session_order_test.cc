// The rules that span messages: postcopy, the back-end channel, replies to what
// was asked, and memory that comes and goes.
#include "gmock/gmock.h"
#include "protocol/session_test_support.h"

namespace vuspec::protocol {
namespace {

Message Make(Request request, Body body, std::size_t fd_count = 0) {
  return MakeRequest(request, std::move(body), fd_count);
}

SingleMemoryRegion Region(std::uint64_t guest, std::uint64_t size,
                          std::uint64_t user) {
  return {0, {guest, size, user, 0}};
}

TEST(SessionOrder, PostcopyHasAnOrder) {
  SessionModel model = WithMemory();
  const auto now = [&](Request request) {
    return Refused(model, MakeRequest(request));
  };
  EXPECT_EQ(now(Request::POSTCOPY_LISTEN), Req::PC_06);
  EXPECT_EQ(now(Request::POSTCOPY_END), Req::PC_06);
  Send(model, Request::POSTCOPY_ADVISE);
  EXPECT_EQ(now(Request::POSTCOPY_END), Req::PC_06);
  Send(model, Request::POSTCOPY_LISTEN);
  EXPECT_TRUE(model.context().postcopy_listening);

  MemoryTable table{.region_count = 1};
  table.regions[0] = {0x1000, 0x1000, 0x1000, 0};
  Message set = MakeRequest(Request::SET_MEM_TABLE, table, 1);
  set.flags |= kNeedReplyFlag;
  EXPECT_EQ(Refused(model, set), Req::PC_09);
  set.flags = kVersion;
  Send(model, set);
  EXPECT_TRUE(model.context().postcopy_ack_due);
  EXPECT_EQ(Refused(model, set), Req::PC_09) << "an acknowledgement is due";
  Send(model, Request::SET_MEM_TABLE, MemoryTable{});
  EXPECT_FALSE(model.context().postcopy_ack_due);
  EXPECT_EQ(model.memory().regions().size(), 1u) << "it replaces nothing";
  Send(model, Request::POSTCOPY_END);
  EXPECT_EQ(model.postcopy(), Postcopy::kOff);
  Send(model, Request::SET_MEM_TABLE, MemoryTable{});
  EXPECT_TRUE(model.memory().regions().empty()) << "now it is a table";
}

TEST(SessionOrder, AnotherAdviceBeginsPostcopyAnew) {
  SessionModel model = WithMemory();
  Send(model, Request::POSTCOPY_ADVISE);
  Send(model, Request::POSTCOPY_LISTEN);
  Send(model, Request::SET_MEM_TABLE, MemoryTable{});
  Send(model, Request::POSTCOPY_ADVISE);
  EXPECT_EQ(model.postcopy(), Postcopy::kAdvised);
  EXPECT_EQ(model.CheckInvariants(), "");
}

TEST(SessionOrder, PlacesInPostcopyAreThoseOfTheRegionsThatWereShared) {
  const SessionModel model = WithMemory();
  MemoryTable table{.region_count = 2};
  table.regions[0] = {0x1000, 0x1000, 0x1000, 0};
  table.regions[1] = {0x4000, 0x1000, 0x4000, 0};
  const Message set = MakeRequest(Request::SET_MEM_TABLE, table, 2);
  const auto wrong = [&](auto change) {
    MemoryTable told = table;
    told.regions[0].user_address = 0x7000;
    change(told);
    const auto violation = model.CheckReply(set, MakeReply(set, told));
    return violation ? std::optional(violation->req) : std::nullopt;
  };
  EXPECT_EQ(wrong([](MemoryTable&) {}), std::nullopt);
  EXPECT_EQ(wrong([](MemoryTable& t) { t.region_count = 1; }), Req::PC_07);
  EXPECT_EQ(wrong([](MemoryTable& t) { t.regions[1].guest_address = 0; }),
            Req::PC_07);
  EXPECT_EQ(wrong([](MemoryTable& t) { t.regions[1].memory_size = 1; }),
            Req::PC_07);
  EXPECT_EQ(wrong([](MemoryTable& t) { t.regions[1].user_address = 0; }),
            Req::PC_07);
  EXPECT_EQ(wrong([](MemoryTable& t) { t.regions[1].user_address = ~0xfull; }),
            Req::PC_07);
  EXPECT_EQ(wrong([](MemoryTable& t) { t.regions[1].user_address = 0x6001; }),
            Req::PC_07);
}

TEST(SessionOrder, BackendRequestsNeedChannelRunningRingAndRightValues) {
  SessionModel model = WithMemory();
  const auto refused = [&](const Message& request) -> std::optional<Req> {
    const auto wrong = model.CheckBackendRequest(request);
    if (!wrong) return std::nullopt;
    return wrong->req;
  };
  Message change = MakeRequest(BackendRequest::BACKEND_CONFIG_CHANGE_MSG);
  EXPECT_EQ(refused(change), Req::BCH_05) << "no channel";
  Send(model, Request::SET_BACKEND_REQ_FD, {}, 1);
  EXPECT_EQ(refused(change), Req::SUSP_03);
  Configure(model, 0);
  Kick(model, 0);
  EXPECT_EQ(refused(change), std::nullopt);
  change.flags |= kNeedReplyFlag;
  EXPECT_EQ(refused(change), std::nullopt);

  const auto call = [](std::uint32_t index, std::uint32_t num) {
    return MakeRequest(BackendRequest::BACKEND_VRING_CALL,
                       VringState{index, num});
  };
  EXPECT_EQ(refused(call(0, 0)), std::nullopt);
  EXPECT_EQ(refused(call(0, 1)), Req::INB_05);
  EXPECT_EQ(refused(call(256, 0)), Req::MQ_06);
  Send(model, Request::SET_VRING_CALL, U64{0}, 1);
  EXPECT_EQ(refused(call(0, 0)), Req::INB_09);
  Send(model, Request::SET_VRING_CALL, U64{0x100});
  EXPECT_EQ(refused(call(0, 0)), std::nullopt);

  const auto err = [](std::uint32_t num) {
    return MakeRequest(BackendRequest::BACKEND_VRING_ERR, VringState{0, num});
  };
  EXPECT_EQ(refused(err(0)), std::nullopt);
  EXPECT_EQ(refused(err(1)), Req::INB_06);
  Send(model, Request::SET_VRING_ERR, U64{0}, 1);
  EXPECT_EQ(refused(err(0)), Req::INB_07);

  using enum ProtocolFeature;
  Send(model, Request::SET_PROTOCOL_FEATURES,
       U64{Mask(BACKEND_REQ, CONFIG, HOST_NOTIFIER, BACKEND_SEND_FD)});
  EXPECT_EQ(refused(change), Req::BCH_06) << "need_reply without REPLY_ACK";
  const auto area = MakeRequest(BackendRequest::BACKEND_VRING_HOST_NOTIFIER_MSG,
                                VringArea{.size = 4096}, 1);
  EXPECT_EQ(refused(area), std::nullopt);
  const auto notifier = [&](std::uint64_t index, std::uint64_t size) {
    const bool none = (index & kNoFdBit) != 0;
    return refused(MakeRequest(BackendRequest::BACKEND_VRING_HOST_NOTIFIER_MSG,
                               VringArea{index, size, 0}, none ? 0 : 1));
  };
  EXPECT_EQ(notifier(0, 0), Req::BCH_14);
  EXPECT_EQ(notifier(0, 4097), Req::BCH_14);
  EXPECT_EQ(notifier(0x200, 4096), Req::BCH_14);
  EXPECT_EQ(notifier(kNoFdBit, 0), std::nullopt) << "it deregisters";
  model.ApplyRequest(MakeRequest(Request::SET_PROTOCOL_FEATURES,
                                 U64{Mask(BACKEND_REQ, HOST_NOTIFIER)}));
  EXPECT_EQ(refused(area), Req::BCH_07) << "no BACKEND_SEND_FD";
}

TEST(SessionOrder, SharedMemoryIsMappedAndUnmappedInRangesThatExist) {
  SessionModel model = WithMemory();
  Send(model, Request::SET_BACKEND_REQ_FD, {}, 1);
  Configure(model, 0);
  Kick(model, 0);
  const auto refused = [&](BackendRequest request,
                           ShmemMap map) -> std::optional<Req> {
    const bool maps = request == BackendRequest::BACKEND_SHMEM_MAP;
    const auto wrong =
        model.CheckBackendRequest(MakeRequest(request, map, maps ? 1 : 0));
    if (!wrong) return std::nullopt;
    return wrong->req;
  };
  using enum BackendRequest;
  const std::uint64_t top = ~std::uint64_t{4095};
  for (const auto& [request, req] :
       {std::pair(BACKEND_SHMEM_MAP, Req::BCH_19),
        std::pair(BACKEND_SHMEM_UNMAP, Req::BCH_21)}) {
    EXPECT_EQ(refused(request, {.length = 4096, .flags = 1}), std::nullopt);
    EXPECT_EQ(refused(request, {.length = 0}), req);
    EXPECT_EQ(refused(request, {.shm_offset = top, .length = 8192}), req);
    EXPECT_EQ(refused(request, {.length = 4096, .flags = 2}), req);
  }
}

TEST(SessionOrder, RepliesAreHeldToWhatWasAsked) {
  const SessionModel model = WithMemory();
  const auto refused = [&](const Message& asked, Body body,
                           std::size_t fd_count) -> std::optional<Req> {
    const auto wrong =
        model.CheckReply(asked, MakeReply(asked, std::move(body), fd_count));
    if (!wrong) return std::nullopt;
    return wrong->req;
  };
  const auto infl = MakeRequest(Request::GET_INFLIGHT_FD, Inflight{0, 0, 2, 8});
  EXPECT_EQ(refused(infl, Inflight{64, 0, 2, 8}, 1), std::nullopt);
  EXPECT_EQ(refused(infl, Inflight{0, 0, 0, 0}, 0), std::nullopt);
  EXPECT_EQ(refused(infl, Inflight{64, 0, 2, 8}, 0), Req::INFL_01);
  EXPECT_EQ(refused(infl, Inflight{64, 0, 3, 8}, 1), Req::INFL_02);
  EXPECT_EQ(refused(infl, Inflight{64, 0, 2, 9}, 1), Req::INFL_02);
  const auto base = MakeRequest(Request::GET_VRING_BASE, VringState{});
  EXPECT_EQ(refused(base, VringState{0, 0xffff}, 0), std::nullopt);
  EXPECT_EQ(refused(base, VringState{0, 0x10000}, 0), Req::GBASE_03);
  const auto save = MakeRequest(Request::SET_DEVICE_STATE_FD);
  EXPECT_EQ(refused(save, U64{0}, 1), std::nullopt);
  EXPECT_EQ(refused(save, U64{0x101}, 0), std::nullopt);
  EXPECT_EQ(refused(save, U64{1}, 1), Req::DST_07);
  const auto shmem = MakeRequest(Request::GET_SHMEM_CONFIG);
  ShmemConfig config{.region_count = 1};
  EXPECT_EQ(refused(shmem, config, 0), Req::SHM_02);
  config.memory_sizes[5] = 4096;
  EXPECT_EQ(refused(shmem, config, 0), std::nullopt);
  const auto offer = MakeRequest(Request::GET_PROTOCOL_FEATURES);
  EXPECT_EQ(refused(offer, U64{kDefinedProtocolFeatures}, 0), std::nullopt);
  // SEED-23: bits of a newer document are masked, never fatal; whether they
  // are there at all (PF-07) is for a case to say.
  EXPECT_EQ(refused(offer, U64{std::uint64_t{1} << 23}, 0), std::nullopt);
  const auto look = MakeRequest(BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP);
  EXPECT_EQ(refused(look, U64{0}, 1), std::nullopt);
  EXPECT_EQ(refused(look, U64{1}, 0), std::nullopt);
  EXPECT_EQ(refused(look, U64{0}, 0), Req::BCH_18);
  EXPECT_EQ(refused(look, U64{1}, 1), Req::BCH_18);
}

TEST(MemoryLayout, TheLastAddressesAreLikeOthers) {
  const std::uint64_t last_page = ~std::uint64_t{0} - 0xfff;
  const MemoryRegion last = {last_page, 0x1000, last_page, 0};
  const MemoryRegion before = {last_page - 0x1000, 0x1000, last_page - 0x1000,
                               0};
  const MemoryRegion apart[] = {before, last};
  EXPECT_FALSE(MemoryLayout::CheckTable(apart, "table"));
  const MemoryRegion across[] = {last, last};
  EXPECT_EQ(MemoryLayout::CheckTable(across, "table")->req, Req::MEM_28);
}

TEST(MemoryLayout, FollowsTablesAndSlots) {
  SessionModel model = WithMemory();
  const std::uint64_t far = 0x10000000000;
  for (std::uint64_t i = 1; i < 8; ++i) {
    Send(model, Request::ADD_MEM_REG, Region(far * i, 16, far * i), 1);
  }
  const auto ninth = Region(far * 9, 16, far * 9);
  EXPECT_EQ(Refused(model, Make(Request::ADD_MEM_REG, ninth, 1)), Req::MEM_38);
  Send(model, Request::REM_MEM_REG, Region(far * 3, 16, far * 3));
  Send(model, Request::ADD_MEM_REG, ninth, 1);
  EXPECT_EQ(model.memory().regions().size(), 8u);
  EXPECT_TRUE(model.memory().ContainsUser(far * 9, 16));
  EXPECT_FALSE(model.memory().ContainsUser(far * 9, 17));
  EXPECT_FALSE(model.memory().ContainsUser(far * 9 - 1, 1));
  EXPECT_FALSE(model.memory().ContainsGuest(far * 3, 1));
  EXPECT_FALSE(model.memory().ContainsGuest(far * 9 + 1, ~std::uint64_t{0}));
  MemoryTable table{.region_count = 2};
  table.regions[0] = {0, 0x1000, 0, 0};
  table.regions[1] = {0xfff, 0x1000, far, 0};
  EXPECT_EQ(Refused(model, Make(Request::SET_MEM_TABLE, table, 2)),
            Req::MEM_28);
  table.regions[1].guest_address = 0x1000;
  Send(model, Request::SET_MEM_TABLE, table, 2);
  EXPECT_EQ(model.memory().regions().size(), 2u) << "it replaces all";
}

}  // namespace
}  // namespace vuspec::protocol
