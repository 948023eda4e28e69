// Every request, byte for byte as the specification lays it out. The bytes are
// written by hand: the codec is not asked what it would write.
#include <array>
#include <functional>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "harness/frontend/frontend.h"
#include "harness/frontend/test_support.h"

namespace vuspec {
namespace {

using Call = std::function<std::string(Frontend&)>;

struct Row {
  std::string name;
  Call call;            // returns Describe(), and the value where there is one
  std::string sent;     // in hex
  std::size_t fds = 0;  // sent
  std::string reply = {};  // bytes, written beforehand
  std::size_t reply_fds = 0;
  std::function<void(ScriptedPeer&)> before = nullptr;
  std::string expected = "ok";
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

const NullFds& Null() {
  static const NullFds* const kFds = new NullFds(1);
  return *kFds;
}
int NullFd() { return Null().numbers()[0]; }

GuestRegion Region() {
  return {.fd = NullFd(),
          .guest_address = 0x4000'0000,
          .size = 0x40'0000,
          .user_address = 0x5500'4000'0000,
          .mmap_offset = 0x1000};
}
constexpr char kRegionHex[] =
    "0000004000000000 0000400000000000 0000004000550000 0010000000000000";

protocol::VringAddr Addr() {
  return {1, 1, 0x5500'4000'1000, 0x5500'4000'3000, 0x5500'4000'2000, 0x99};
}

template <typename T>
std::string Says(const Reply<T>& reply) {
  return reply.Describe();
}
std::string WithValue(const Reply<std::uint64_t>& reply) {
  return reply.ok() ? std::to_string(*reply) : reply.Describe();
}
std::string WithFd(const Reply<UniqueFd>& reply) {
  if (!reply.ok()) return reply.Describe();
  return reply->valid() ? "fd" : "no fd";
}

void Configured(ScriptedPeer& peer) {
  EXPECT_TRUE(peer.frontend().SetVringNum(1, 256).ok());
  EXPECT_TRUE(peer.frontend().SetVringAddr(Addr()).ok());
}
void HasRegion(ScriptedPeer& peer) {
  EXPECT_TRUE(peer.frontend().AddMemReg(Region()).ok());
}
void Advised(ScriptedPeer& peer) {
  peer.Says(ReplyBytes(28, ""), 1);
  EXPECT_TRUE(peer.frontend().PostcopyAdvise().ok());
}
void Listening(ScriptedPeer& peer) {
  Advised(peer);
  EXPECT_TRUE(peer.frontend().PostcopyListen().ok());
}

std::vector<Row> Rows() {
  return {
      {"GET_FEATURES", [](Frontend& f) { return WithValue(f.GetFeatures()); },
       "01000000 01000000 00000000", 0, U64Reply(1, kAllVirtio), 0, nullptr,
       "14025752584"},
      {"SET_FEATURES",
       [](Frontend& f) { return Says(f.SetFeatures(0x3'4000'0000)); },
       "02000000 01000000 08000000 0000004003000000"},
      {"SET_OWNER", [](Frontend& f) { return Says(f.SetOwner()); },
       "03000000 01000000 00000000"},
      {"RESET_OWNER", [](Frontend& f) { return Says(f.ResetOwner()); },
       "04000000 01000000 00000000"},
      {"SET_MEM_TABLE",
       [](Frontend& f) {
         const GuestRegion region = Region();
         return Says(f.SetMemTable(std::span(&region, 1)));
       },
       std::string("05000000 01000000 28000000 01000000 00000000 ") +
           kRegionHex,
       1},
      {"SET_LOG_BASE",
       [](Frontend& f) {
         return Says(f.SetLogBase({0x2000, 0x1000}, NullFd()));
       },
       "06000000 01000000 10000000 0020000000000000 0010000000000000", 1,
       ReplyBytes(6, "")},
      {"SET_LOG_FD", [](Frontend& f) { return Says(f.SetLogFd(NullFd())); },
       "07000000 01000000 00000000", 1},
      {"SET_VRING_NUM", [](Frontend& f) { return Says(f.SetVringNum(1, 256)); },
       "08000000 01000000 08000000 01000000 00010000"},
      {"SET_VRING_ADDR",
       [](Frontend& f) { return Says(f.SetVringAddr(Addr())); },
       "09000000 01000000 28000000 01000000 01000000 0010004000550000 "
       "0030004000550000 0020004000550000 9900000000000000"},
      {"SET_VRING_BASE",
       [](Frontend& f) { return Says(f.SetVringBase(1, 0xffff)); },
       "0a000000 01000000 08000000 01000000 ffff0000"},
      {"GET_VRING_BASE",
       [](Frontend& f) {
         const auto base = f.GetVringBase(1);
         return base.ok() ? std::to_string(base->num) : base.Describe();
       },
       "0b000000 01000000 08000000 01000000 00000000", 0,
       ReplyBytes(11, Little(1, 4) + Little(7, 4)), 0, nullptr, "7"},
      {"SET_VRING_KICK",
       [](Frontend& f) { return Says(f.SetVringKick(1, NullFd())); },
       "0c000000 01000000 08000000 0100000000000000", 1, "", 0, Configured},
      {"SET_VRING_CALL",
       [](Frontend& f) { return Says(f.SetVringCall(1, kNoFd)); },
       "0d000000 01000000 08000000 0101000000000000"},
      {"SET_VRING_ERR",
       [](Frontend& f) { return Says(f.SetVringErr(1, NullFd())); },
       "0e000000 01000000 08000000 0100000000000000", 1},
      {"GET_PROTOCOL_FEATURES",
       [](Frontend& f) { return WithValue(f.GetProtocolFeatures()); },
       "0f000000 01000000 00000000", 0, U64Reply(15, kAllProtocol), 0, nullptr,
       "6160383"},
      {"SET_PROTOCOL_FEATURES",
       [](Frontend& f) { return Says(f.SetProtocolFeatures(0x9)); },
       "10000000 01000000 08000000 0900000000000000"},
      {"GET_QUEUE_NUM", [](Frontend& f) { return WithValue(f.GetQueueNum()); },
       "11000000 01000000 00000000", 0, U64Reply(17, 4), 0, nullptr, "4"},
      {"SET_VRING_ENABLE",
       [](Frontend& f) { return Says(f.SetVringEnable(1, true)); },
       "12000000 01000000 08000000 01000000 01000000"},
      {"SEND_RARP",
       [](Frontend& f) {
         return Says(f.SendRarp({1, 2, 3, 4, 5, 6}));
       },
       "13000000 01000000 08000000 0102030405060000"},
      {"NET_SET_MTU", [](Frontend& f) { return Says(f.NetSetMtu(1500)); },
       "14000000 01000000 08000000 dc05000000000000"},
      {"SET_BACKEND_REQ_FD",
       [](Frontend& f) { return Says(f.SetBackendReqFd(NullFd())); },
       "15000000 01000000 00000000", 1},
      {"IOTLB_MSG",
       [](Frontend& f) {
         return Says(f.IotlbMsg({0x1000, 0x2000, 0x3000, 3, 2}));
       },
       "16000000 01000000 20000000 0010000000000000 0020000000000000 "
       "0030000000000000 0302000000000000",
       0, U64Reply(22, 0)},
      {"SET_VRING_ENDIAN",
       [](Frontend& f) { return Says(f.SetVringEndian(1, true)); },
       "17000000 01000000 08000000 01000000 01000000"},
      {"GET_CONFIG",
       [](Frontend& f) {
         const auto config = f.GetConfig(8, 2);
         return config.ok() ? std::to_string(config->bytes[1])
                            : config.Describe();
       },
       "18000000 01000000 0e000000 08000000 02000000 00000000 0000", 0,
       ReplyBytes(24, FromHex("08000000 02000000 00000000 0a0b")), 0, nullptr,
       "11"},
      {"SET_CONFIG",
       [](Frontend& f) {
         const std::array<std::uint8_t, 2> bytes = {0xaa, 0xbb};
         return Says(f.SetConfig(8, bytes));
       },
       "19000000 01000000 0e000000 08000000 02000000 00000000 aabb"},
      {"CREATE_CRYPTO_SESSION",
       [](Frontend& f) {
         const std::array<std::uint8_t, 3> bytes = {1, 2, 3};
         const auto session = f.CreateCryptoSession(bytes);
         return session.ok() ? std::to_string(session->size)
                             : session.Describe();
       },
       "1a000000 01000000 03000000 010203", 0, ReplyBytes(26, "12345678"), 0,
       nullptr, "8"},
      {"CLOSE_CRYPTO_SESSION",
       [](Frontend& f) { return Says(f.CloseCryptoSession(5)); },
       "1b000000 01000000 08000000 0500000000000000"},
      {"POSTCOPY_ADVISE",
       [](Frontend& f) { return WithFd(f.PostcopyAdvise()); },
       "1c000000 01000000 00000000", 0, ReplyBytes(28, ""), 1, nullptr, "fd"},
      {"POSTCOPY_LISTEN", [](Frontend& f) { return Says(f.PostcopyListen()); },
       "1d000000 01000000 00000000", 0, "", 0, Advised},
      {"POSTCOPY_END", [](Frontend& f) { return Says(f.PostcopyEnd()); },
       "1e000000 01000000 00000000", 0, U64Reply(30, 0), 0, Listening},
      {"GET_INFLIGHT_FD",
       [](Frontend& f) {
         const auto area = f.GetInflightFd({0, 0, 2, 256});
         if (!area.ok()) return area.Describe();
         return std::to_string(area->description.mmap_size) +
                (area->fd.valid() ? " fd" : "");
       },
       "1f000000 01000000 18000000 0000000000000000 0000000000000000 "
       "0200 0001 00000000",
       0,
       ReplyBytes(31, FromHex("0010000000000000 0000000000000000 0200 0001")),
       1, nullptr, "4096 fd"},
      {"SET_INFLIGHT_FD",
       [](Frontend& f) {
         return Says(f.SetInflightFd({0x1000, 0, 2, 256}, NullFd()));
       },
       "20000000 01000000 18000000 0010000000000000 0000000000000000 "
       "0200 0001 00000000",
       1},
      {"GPU_SET_SOCKET",
       [](Frontend& f) { return Says(f.GpuSetSocket(NullFd())); },
       "21000000 01000000 00000000", 1},
      {"RESET_DEVICE", [](Frontend& f) { return Says(f.ResetDevice()); },
       "22000000 01000000 00000000"},
      {"VRING_KICK", [](Frontend& f) { return Says(f.VringKick(1)); },
       "23000000 01000000 08000000 01000000 00000000", 0, "", 0, Configured},
      {"GET_MAX_MEM_SLOTS",
       [](Frontend& f) { return WithValue(f.GetMaxMemSlots()); },
       "24000000 01000000 00000000", 0, U64Reply(36, 32), 0, nullptr, "32"},
      {"ADD_MEM_REG", [](Frontend& f) { return Says(f.AddMemReg(Region())); },
       std::string("25000000 01000000 28000000 0000000000000000 ") + kRegionHex,
       1},
      {"REM_MEM_REG", [](Frontend& f) { return Says(f.RemMemReg(Region())); },
       std::string("26000000 01000000 28000000 0000000000000000 ") + kRegionHex,
       0, "", 0, HasRegion},
      {"SET_STATUS", [](Frontend& f) { return Says(f.SetStatus(0x0f)); },
       "27000000 01000000 08000000 0f00000000000000"},
      {"GET_STATUS",
       [](Frontend& f) {
         const auto status = f.GetStatus();
         return status.ok() ? std::to_string(*status) : status.Describe();
       },
       "28000000 01000000 00000000", 0, U64Reply(40, 0x0b), 0, nullptr, "11"},
      {"GET_SHARED_OBJECT",
       [](Frontend& f) {
         protocol::Uuid uuid;
         uuid.bytes[0] = 0x11;
         uuid.bytes[15] = 0x22;
         return WithFd(f.GetSharedObject(uuid));
       },
       "29000000 01000000 10000000 11000000000000000000000000000022", 0,
       ReplyBytes(41, ""), 1, nullptr, "fd"},
      {"SET_DEVICE_STATE_FD",
       [](Frontend& f) {
         return WithFd(f.SetDeviceStateFd({1, 0}, NullFd()));
       },
       "2a000000 01000000 08000000 01000000 00000000", 1, U64Reply(42, 0x100),
       0, nullptr, "no fd"},
      {"CHECK_DEVICE_STATE",
       [](Frontend& f) { return Says(f.CheckDeviceState()); },
       "2b000000 01000000 00000000", 0, U64Reply(43, 0)},
      {"GET_SHMEM_CONFIG",
       [](Frontend& f) {
         const auto config = f.GetShmemConfig();
         return config.ok() ? std::to_string(config->memory_sizes[255])
                            : config.Describe();
       },
       "2c000000 01000000 00000000", 0,
       ReplyBytes(
           44, Little(1, 8) + std::string(255 * 8, '\0') + Little(0x1000, 8)),
       0, nullptr, "4096"},
  };
}

class FrontendGoldenTest : public testing::TestWithParam<Row> {};

TEST_P(FrontendGoldenTest, SendsExactlyTheseBytes) {
  const Row& row = GetParam();
  NullFd();  // opened once for all rows
  const FdsAreKept fds_are_kept;
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, kAllProtocol);
  if (row.before != nullptr) row.before(peer);
  peer.Heard();
  peer.heard_fds().clear();

  if (!row.reply.empty()) peer.Says(row.reply, row.reply_fds);
  EXPECT_EQ(row.call(peer.frontend()), row.expected);
  EXPECT_EQ(peer.Heard(), WithoutSpaces(row.sent));
  EXPECT_EQ(peer.heard_fds().size(), row.fds);
}

INSTANTIATE_TEST_SUITE_P(AllRequests, FrontendGoldenTest,
                         testing::ValuesIn(Rows()),
                         [](const auto& test) { return test.param.name; });

TEST(FrontendGolden, CoversEveryRequestOfTheTable) {
  std::set<std::string> rows;
  for (const Row& row : Rows()) rows.insert(row.name);
  std::set<std::string> table;
  for (const auto& spec : protocol::AllMessages(protocol::Channel::kMain)) {
    table.emplace(spec.name);
  }
  EXPECT_EQ(rows, table);
}

}  // namespace
}  // namespace vuspec
