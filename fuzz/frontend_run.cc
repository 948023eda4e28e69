#include "fuzz/frontend_run.h"

#include <array>
#include <memory>
#include <utility>

#include "fuzz/fd_ledger.h"
#include "harness/transport/memory_channel.h"

namespace vuspec::fuzz {
namespace {

Frontend NewFrontend(PeerScript& peer, const Opening& opening,
                     const protocol::SessionModel* opened) {
  FrontendOptions options;
  options.acks = static_cast<Acks>(opening.acks);
  if (opening.gpu) options.device = protocol::DeviceKind::kGpu;
  auto channel = std::make_unique<MemoryChannel>(peer);
  if (opened == nullptr) return Frontend(std::move(channel), options);
  return {std::move(channel), options, *opened};
}

}  // namespace

Glimpse::Glimpse(const protocol::SessionModel& model)
    : offered(model.limits().virtio_features),
      protocol_offered(model.limits().protocol_features),
      queue_count(model.limits().queue_count),
      slot_count(model.limits().slot_count),
      features(model.features()),
      protocol_features(model.protocol_features()),
      region_count(model.memory().regions().size()),
      status(model.status()),
      postcopy(model.postcopy()),
      owned(model.owned()),
      suspended(model.suspended()),
      channel(model.has_backend_channel()),
      log(model.has_log()),
      inflight(model.has_inflight()) {}

void CheckModelInvariants(const protocol::SessionModel& model) {
  bool any_started = false;
  for (std::uint32_t i = 0; i < protocol::kVringCountMax; ++i) {
    const protocol::RingState& ring = model.ring(i);
    if (!ring.started) continue;
    any_started = true;
    VU_PROPERTY(ring.size && ring.addresses, "a started ring is configured");
  }
  VU_PROPERTY(model.suspended() == !any_started, "started rings are counted");
  VU_PROPERTY(model.memory().regions().size() <= protocol::kSlotCountMax,
              "the regions fit their slots");
}

FrontendRun::FrontendRun(const FrontendInput& input, const Records& records,
                         OpenedSessions& sessions)
    : input_(input),
      records_(records),
      sessions_(sessions),
      opened_(sessions.Find(input.opening)),
      peer_(records.all(), input.right_at_end),
      frontend_(NewFrontend(peer_, input.opening, opened_)) {
  peer_.Watch(frontend_.model());
}

void FrontendRun::Play() {
  if (opened_ == nullptr) Open();
  for (const Record& record : records_.all()) {
    if ((record.kind & kDeliveryBit) != 0) continue;
    Begin();
    Perform(
        static_cast<FrontendOperation>(record.kind % kFrontendOperationCount),
        Input(record.payload));
  }
  CheckModelInvariants(frontend_.model());
}

void FrontendRun::Open() {
  peer_.Indulge(true);
  PlayPrologue();
  peer_.Indulge(false);
  // Of a broken session more is left than its model.
  if (!broken_) sessions_.Keep(input_.opening, frontend_.model());
}

void FrontendRun::PlayPrologue() {
  const Opening& opening = input_.opening;
  if (opening.prologue == Prologue::kNone) return;
  Begin();
  const auto negotiated = frontend_.Negotiate(opening.virtio, opening.protocol);
  VU_PROPERTY(negotiated.ok(), "right answers let a negotiation succeed");
  Settle(negotiated, Steps::kMany);
  if (opening.prologue == Prologue::kNegotiated) return;
  Perform(FrontendOperation::kSetMemTable,
          Input(std::array<std::uint8_t, 1>{}));
  if (opening.prologue == Prologue::kMemory) return;
  constexpr std::array<std::uint8_t, 3> kSize = {0, 0, 16};
  constexpr std::array<std::uint8_t, 3> kKick = {0, 0, 1};
  Begin();
  Perform(FrontendOperation::kSetVringNum, Input(kSize));
  Begin();
  Perform(FrontendOperation::kSetVringAddr, Input({}));
  Begin();
  Perform(FrontendOperation::kSetVringKick, Input(kKick));
}

void FrontendRun::Begin() {
  sent_before_ = peer_.sent_count();
  before_.emplace(frontend_.model());
}

void FrontendRun::SettleOutcome(bool ok, bool refused, bool breaks,
                                Steps steps) {
  const bool sent = peer_.sent_count() != sent_before_;
  if (broken_) {
    VU_PROPERTY(!sent, "a broken session sends nothing");
    VU_PROPERTY(!ok, "a broken session does nothing");
  }
  if (!ok && steps == Steps::kOne) {
    VU_PROPERTY(*before_ == Glimpse(frontend_.model()),
                "a failure leaves the model as it was");
    VU_PROPERTY(!refused || !sent, "a refusal sends nothing");
  }
  broken_ = broken_ || breaks;
}

void CheckFrontendInput(Bytes bytes) {
  static OpenedSessions sessions;
  const FdLedger ledger;
  {
    const FrontendInput input = ReadFrontendInput(bytes);
    const Records records(input.records);
    FrontendRun run(input, records, sessions);
    run.Play();
  }
  ledger.Check();
}

}  // namespace vuspec::fuzz
