// A front-end of few words for the tests of the mock. Test code only.
#ifndef VUSPEC_HARNESS_BACKEND_TEST_FRONTEND_H_
#define VUSPEC_HARNESS_BACKEND_TEST_FRONTEND_H_

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/fault.h"
#include "harness/backend/mock_server.h"
#include "harness/memory/guest_memory.h"
#include "harness/peer/scratch_dir.h"
#include "harness/ring/split_driver.h"
#include "harness/transport/connection.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/test_support.h"
#include "harness/transport/unix_socket.h"
#include "protocol/codec.h"
#include "protocol/features.h"
#include "protocol/message.h"

namespace vuspec {

// A mock in a thread, with a path of its own.
class TestServer {
 public:
  // It notes in `asked`, if any, about which defects it was asked.
  explicit TestServer(std::string device = "blk", FaultSet faults = {},
                      AskedFaults* asked = nullptr)
      : faulty_(!faults.empty()) {
    if (asked != nullptr) faults.NoteIn(*asked);
    auto server = MockServer::Start({std::move(device), faults}, path());
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  explicit TestServer(Fault fault) : TestServer("blk", FaultSet(fault)) {}

  std::string path() const { return dir_->SocketPath(); }
  // Nothing is lost by giving up early on a mock with a defect: it is meant to
  // fail.
  Deadline Patience() const {
    return faulty_ ? Deadline::After(std::chrono::milliseconds(100)) : Soon();
  }
  MockServer& server() { return *server_; }

 private:
  const bool faulty_;
  absl::StatusOr<ScratchDir> dir_ = ScratchDir::Make();
  std::unique_ptr<MockServer> server_;
};

// What came back for a request.
struct TestAnswer {
  bool closed = false;
  bool silent = false;  // until the deadline
  protocol::Header header;
  std::vector<std::byte> payload;
  std::vector<UniqueFd> fds;

  std::uint64_t u64() const;
  protocol::VringState state() const;
  protocol::Inflight in_flight() const;
  bool refused() const { return closed || (payload.size() == 8 && u64() != 0); }
};

struct TestRing {
  SplitDriver driver;
  Event kick;
  Event call;
  Event err;
};

class TestFrontend {
 public:
  static constexpr std::uint64_t kProtocolFeatures = protocol::Mask(
      protocol::ProtocolFeature::MQ, protocol::ProtocolFeature::LOG_SHMFD,
      protocol::ProtocolFeature::REPLY_ACK,
      protocol::ProtocolFeature::BACKEND_REQ, protocol::ProtocolFeature::CONFIG,
      protocol::ProtocolFeature::INFLIGHT_SHMFD,
      protocol::ProtocolFeature::RESET_DEVICE,
      protocol::ProtocolFeature::CONFIGURE_MEM_SLOTS,
      protocol::ProtocolFeature::STATUS,
      protocol::ProtocolFeature::GET_VRING_BASE_INFLIGHT);
  static constexpr std::uint64_t kFeatures =
      protocol::Mask(protocol::VirtioFeature::VERSION_1,
                     protocol::VirtioFeature::INDIRECT_DESC,
                     protocol::VirtioFeature::PROTOCOL_FEATURES);

  explicit TestFrontend(const TestServer& server);

  // Awaits no answer.
  void Send(protocol::Request request, const protocol::Body& body = {},
            std::vector<int> fds = {},
            std::uint32_t flags = protocol::kVersion);
  void SendRaw(const protocol::Header& header,
               std::vector<std::byte> payload = {}, std::vector<int> fds = {});
  // The mock has read them when it returns.
  void SendBytes(std::span<const std::byte> bytes);
  TestAnswer Await();

  // Sends and awaits the reply of its own.
  TestAnswer Ask(protocol::Request request, const protocol::Body& body = {});
  // Sends with need_reply and awaits the ack.
  TestAnswer Tell(protocol::Request request, const protocol::Body& body = {},
                  std::vector<int> fds = {});
  // A round trip; false when the session is over or out of step.
  bool Fence();

  void Negotiate(std::uint64_t features = kFeatures,
                 std::uint64_t protocol_features = kProtocolFeatures);
  void ShareMemory(std::size_t region_count = 1);
  void ShareMemory(std::span<const RegionSpec> specs);
  protocol::Body TableOf(const GuestMemory& memory) const;
  std::vector<int> FdsOf(const GuestMemory& memory) const;

  // All messages of a ring but KICK and ENABLE.
  TestRing& Prepare(std::uint32_t index, std::uint16_t size = 16,
                    bool event_idx = false);
  void Kick(std::uint32_t index);
  void Enable(std::uint32_t index, bool enable = true);
  // Negotiate, ShareMemory and ring 0 at work.
  TestRing& Begin();

  GuestMemory& memory() { return *memory_; }
  TestRing& ring(std::uint32_t index) { return *rings_.at(index); }

  // Adds one virtio-blk read of sector 0 and kicks; returns its head.
  std::uint16_t PostRead(std::uint32_t index = 0);
  // The completion of it, or nothing when none came in time, or a wrong one.
  std::optional<Completion> Reap(std::uint32_t index = 0);
  // Fences, and says that nothing completed.
  bool Idle(std::uint32_t index = 0);

 private:
  const TestServer& server_;
  std::unique_ptr<Connection> connection_;
  std::optional<GuestMemory> memory_;
  std::array<std::optional<TestRing>, 4> rings_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_TEST_FRONTEND_H_
