#include "harness/backend/test_frontend.h"

#include <algorithm>

#include "harness/memory/shared_access.h"
#include "harness/transport/drained.h"

namespace vuspec {

using protocol::Request;
using protocol::U64;
using protocol::VringState;

std::uint64_t TestAnswer::u64() const {
  auto body = protocol::DecodeBody(protocol::Payload::kU64, payload, {"ack"});
  return body.ok() ? std::get<U64>(*body).value : ~std::uint64_t{0};
}

VringState TestAnswer::state() const {
  auto body =
      protocol::DecodeBody(protocol::Payload::kVringState, payload, {"state"});
  return body.ok() ? std::get<VringState>(*body) : VringState{~0u, ~0u};
}

protocol::Inflight TestAnswer::in_flight() const {
  auto body =
      protocol::DecodeBody(protocol::Payload::kInflight, payload, {"area"});
  return body.ok() ? std::get<protocol::Inflight>(*body) : protocol::Inflight{};
}

TestFrontend::TestFrontend(const TestServer& server) : server_(server) {
  auto channel = Connect(server.path(), Soon());
  EXPECT_TRUE(channel.ok()) << channel.status();
  connection_ = std::make_unique<Connection>(*std::move(channel));
}

void TestFrontend::Send(Request request, const protocol::Body& body,
                        std::vector<int> fds, std::uint32_t flags) {
  std::vector<std::byte> payload(protocol::EncodedSize(body));
  protocol::EncodeBody(body, payload);
  const protocol::Header header = {static_cast<std::uint32_t>(request), flags,
                                   static_cast<std::uint32_t>(payload.size())};
  SendRaw(header, std::move(payload), std::move(fds));
}

void TestFrontend::SendRaw(const protocol::Header& header,
                           std::vector<std::byte> payload,
                           std::vector<int> fds) {
  // A peer that has gone is seen by Await.
  (void)connection_->SendMessage(header, payload, fds, Soon());
}

void TestFrontend::SendBytes(std::span<const std::byte> bytes) {
  (void)connection_->channel().Send(bytes, {}, Soon());
  (void)AwaitDrained(connection_->channel().PollFd(), Soon());
}

TestAnswer TestFrontend::Await() {
  TestAnswer answered;
  Received received = connection_->Receive(server_.Patience());
  if (received.ok()) {
    answered.header = received.message().header;
    answered.payload = std::move(received.message().payload);
    answered.fds = std::move(received.message().fds);
  } else {
    answered.silent = absl::IsDeadlineExceeded(received.status());
    answered.closed = !answered.silent;
  }
  return answered;
}

TestAnswer TestFrontend::Ask(Request request, const protocol::Body& body) {
  Send(request, body);
  return Await();
}

TestAnswer TestFrontend::Tell(Request request, const protocol::Body& body,
                              std::vector<int> fds) {
  Send(request, body, std::move(fds),
       protocol::kVersion | protocol::kNeedReplyFlag);
  return Await();
}

bool TestFrontend::Fence() {
  const TestAnswer answered = Ask(Request::GET_FEATURES);
  return !answered.closed && !answered.silent &&
         answered.header.request ==
             static_cast<std::uint32_t>(Request::GET_FEATURES) &&
         answered.payload.size() == 8;
}

void TestFrontend::Negotiate(std::uint64_t features,
                             std::uint64_t protocol_features) {
  Send(Request::SET_OWNER);
  Send(Request::SET_PROTOCOL_FEATURES, U64{protocol_features});
  Send(Request::SET_FEATURES, U64{features});
}

protocol::Body TestFrontend::TableOf(const GuestMemory& memory) const {
  protocol::MemoryTable table;
  for (const GuestRegion& region : memory.regions()) {
    table.regions[table.region_count++] = {region.guest_address, region.size,
                                           region.user_address,
                                           region.mmap_offset};
  }
  return table;
}

std::vector<int> TestFrontend::FdsOf(const GuestMemory& memory) const {
  std::vector<int> fds;
  for (const GuestRegion& region : memory.regions()) fds.push_back(region.fd);
  return fds;
}

void TestFrontend::ShareMemory(std::size_t region_count) {
  auto memory = GuestMemory::CreateDefault(region_count);
  ASSERT_TRUE(memory.ok()) << memory.status();
  memory_.emplace(*std::move(memory));
  Send(Request::SET_MEM_TABLE, TableOf(*memory_), FdsOf(*memory_));
}

void TestFrontend::ShareMemory(std::span<const RegionSpec> specs) {
  auto memory = GuestMemory::Create(specs);
  ASSERT_TRUE(memory.ok()) << memory.status();
  memory_.emplace(*std::move(memory));
  Send(Request::SET_MEM_TABLE, TableOf(*memory_), FdsOf(*memory_));
}

TestRing& TestFrontend::Prepare(std::uint32_t index, std::uint16_t size,
                                bool event_idx) {
  auto driver = SplitDriver::Create(*memory_, size,
                                    {.event_idx = event_idx, .indirect = true});
  auto kick = Event::Create();
  auto call = Event::Create();
  auto err = Event::Create();
  EXPECT_TRUE(driver.ok() && kick.ok() && call.ok() && err.ok());
  TestRing& ring = rings_.at(index).emplace(TestRing{
      *std::move(driver), *std::move(kick), *std::move(call), *std::move(err)});
  const SplitRingAddresses& at = ring.driver.user_addresses();
  Send(Request::SET_VRING_NUM, VringState{index, size});
  Send(Request::SET_VRING_ADDR,
       protocol::VringAddr{index, 0, at.descriptor_table, at.used, at.available,
                           0});
  Send(Request::SET_VRING_BASE, VringState{index, 0});
  Send(Request::SET_VRING_CALL, U64{index}, {ring.call.fd()});
  Send(Request::SET_VRING_ERR, U64{index}, {ring.err.fd()});
  return ring;
}

void TestFrontend::Kick(std::uint32_t index) {
  Send(Request::SET_VRING_KICK, U64{index}, {ring(index).kick.fd()});
}

void TestFrontend::Enable(std::uint32_t index, bool enable) {
  Send(Request::SET_VRING_ENABLE, VringState{index, enable ? 1u : 0u});
}

TestRing& TestFrontend::Begin() {
  Negotiate();
  ShareMemory();
  TestRing& ring = Prepare(0);
  Kick(0);
  Enable(0);
  Fence();  // whether it failed, the next answer tells
  return ring;
}

std::uint16_t TestFrontend::PostRead(std::uint32_t index) {
  const auto header = memory_->Allocate(16, 16);
  const auto data = memory_->Allocate(512, 16);
  const auto status = memory_->Allocate(1, 1);
  FillOut(header->bytes.data(), 16, std::byte{0});
  FillOut(status->bytes.data(), 1, std::byte{0xff});
  const auto head = ring(index).driver.AddChain(
      std::array{Segment{header->guest_address, 16, false},
                 Segment{data->guest_address, 512, true},
                 Segment{status->guest_address, 1, true}});
  EXPECT_TRUE(head.ok()) << head.status();
  ring(index).driver.Publish();
  ring(index).kick.Signal();
  return *head;
}

std::optional<Completion> TestFrontend::Reap(std::uint32_t index) {
  TestRing& at = ring(index);
  for (;;) {
    const auto popped = at.driver.PopUsed();
    if (!popped.ok()) return std::nullopt;
    if (*popped) return **popped;
    if (!at.call.Wait(server_.Patience()).ok()) return std::nullopt;
    at.call.TryConsume();
  }
}

bool TestFrontend::Idle(std::uint32_t index) {
  if (!Fence()) return false;
  const auto popped = ring(index).driver.PopUsed();
  return popped.ok() && !popped->has_value();
}

}  // namespace vuspec
