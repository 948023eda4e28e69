#include "harness/backend/vring.h"

#include <algorithm>
#include <utility>

#include "harness/backend/misbehaviour.h"
#include "harness/transport/event_fd.h"
#include "protocol/features.h"

namespace vuspec {
namespace {

using protocol::Has;
using protocol::VirtioFeature;

// Requests of one ring in a row before others get their turn.
constexpr int kBurst = 512;

constexpr std::uint32_t kLogUsedFlag = 1;

}  // namespace

Vring::Vring(std::uint32_t index, const FaultSet& fault,
             const BackendMemory& memory, MockDevice& device, DirtyLog& log,
             Hoard& hoard)
    : index_(index),
      fault_(fault),
      memory_(memory),
      mock_(device),
      log_(log),
      hoard_(hoard),
      in_flight_(fault) {}

std::optional<protocol::Violation> Vring::Start(
    const protocol::RingState& config, std::uint64_t features,
    InFlightView region) {
  const protocol::VringAddr& addr = *config.addresses;
  const SplitDeviceOptions options = {
      .event_idx = Has(features, VirtioFeature::EVENT_IDX) &&
                   !fault_(Fault::kEventIdxIgnored),
      .indirect = Has(features, VirtioFeature::INDIRECT_DESC) &&
                  !fault_(Fault::kIndirectRefused),
      .order = order_,
      .written_ring_space = &memory_.written_ring_space(),
      .written_buffer_space = &memory_.written_buffer_space()};
  broken_ = false;
  memory_.iommu().ForgetMiss();
  protocol::Result<SplitDevice> device = SplitDevice::Create(
      memory_.ring_space(), memory_.buffer_space(),
      {addr.descriptor, addr.available, addr.used}, *config.size, options);
  if (!device.ok()) {
    if (!memory_.iommu().missed()) return device.violation();
    waiting_.emplace(Waiting{config, features, region});
    return std::nullopt;
  }
  device_.emplace(std::move(*device));
  const bool from_zero = fault_(Fault::kBaseIgnored);
  device_->SetBase(static_cast<std::uint16_t>(from_zero ? 0 : config.base));
  if (const auto corrupt = in_flight_.Attach(region, device_->queue_size(),
                                             device_->next_used())) {
    SufferBreach(fault_, *corrupt);
    device_.reset();
    return corrupt;
  }
  if (in_flight_.has_resubmissions()) SkipFetched();
  event_idx_ = options.event_idx;
  used_log_ = addr;
  bound_ = true;
  return std::nullopt;
}

std::optional<std::uint16_t> Vring::Stop() {
  waiting_.reset();
  if (!device_) return std::nullopt;
  const std::uint16_t next_avail = device_->next_avail();
  device_.reset();
  in_flight_.Detach();
  bound_ = false;
  return next_avail;
}

// Whatever was fetched is either used or in flight, so the front-end need not
// know how far we were, and after a crash it does not.
void Vring::SkipFetched() {
  if (fault_(Fault::kInFlightFetchedAgain)) return;
  device_->SetBase(static_cast<std::uint16_t>(device_->next_used() +
                                              in_flight_.resubmission_count()));
  while (in_flight_.has_resubmissions() &&
         fault_(Fault::kInFlightNotResubmitted)) {
    (void)in_flight_.TakeResubmission();
  }
}

void Vring::Suspend() {
  if (!bound_ || broken_) return;
  // What nobody records would be lost.
  if (!in_flight_.attached() && !fault_(Fault::kSuspendsWithoutArea)) return;
  for (int count = 0; count < device_->queue_size(); ++count) {
    const protocol::Result<bool> popped = device_->Pop(chain_);
    if (!popped.ok() || !*popped) return;
    if (!fault_(Fault::kSuspendedNotRecorded)) {
      in_flight_.OnFetched(chain_.head());
    }
  }
}

void Vring::Rebind() {
  if (const auto waiting = std::exchange(waiting_, std::nullopt)) {
    if (Start(waiting->config, waiting->features, waiting->region)) Break();
    return;
  }
  if (!device_ || fault_(Fault::kRingsNotRebound)) return;
  bound_ = !device_->Rebind().has_value();
}

void Vring::SetCall(UniqueFd fd) {
  if (call_ && fault_(Fault::kFirstCallFdKept)) return;
  if (call_ && fault_(Fault::kReplacedCallFdLeaked)) {
    hoard_.fds.push_back(std::move(call_));
  }
  call_ = std::move(fd);
}

void Vring::SetErr(UniqueFd fd) {
  if (err_ && fault_(Fault::kReplacedErrFdLeaked)) {
    hoard_.fds.push_back(std::move(err_));
  }
  err_ = std::move(fd);
}

void Vring::LeakFds() {
  for (UniqueFd* fd : {&kick_, &call_, &err_}) {
    if (*fd) hoard_.fds.push_back(std::move(*fd));
  }
}

Vring::Progress Vring::Run(Mode mode) {
  if (mode == Mode::kIdle || broken_) return Progress::kNone;
  if (!bound_ && memory_.iommu().on()) Rebind();
  if (!bound_) return Progress::kNone;
  if (!mock_.Wants(index_)) return Progress::kNone;
  int count = 0;
  stalled_ = false;
  do {
    device_->SetNotifications(false);
    while (count < kBurst && mock_.Wants(index_) && Step(mode)) ++count;
    const bool due = device_->ShouldSignal();
    if (due || (count != 0 && fault_(Fault::kSuppressionIgnored))) {
      SignalCall();
    }
    if (count == kBurst) return Progress::kMore;
    // The flags are written for the last time before the ring is broken.
  } while (device_->SetNotifications(true) && !broken_ && !stalled_ &&
           mock_.Wants(index_) && !fault_(Fault::kOneRequestPerKick));
  if (fault_(Fault::kUsedFlagsUndefined)) device_->view().SetUsedFlags(0x8000);
  // Asking for kicks wrote the flags or the event of the used ring.
  LogUsedRing(
      event_idx_ ? AvailEventOffset(device_->queue_size()) : kRingFlagsOffset,
      sizeof(std::uint16_t));
  log_.Flush();
  return count == 0 ? Progress::kNone : Progress::kSome;
}

bool Vring::Step(Mode mode) {
  if (broken_) return false;
  if (IsOverwhelmed(fault_, *device_)) {
    Break();
    return false;
  }
  memory_.iommu().ForgetMiss();
  const protocol::Result<bool> taken = Take();
  if (!taken.ok() && WaitsForTranslation()) {
    stalled_ = true;
    return false;
  }
  if (!taken.ok()) {
    SufferBadRing(fault_);
    Break();
    return false;
  }
  if (!*taken) return false;
  if (mode == Mode::kDiscard) {
    Complete(0);
    return true;
  }
  std::optional<std::uint32_t> written;
  if (!IsTooMuch(fault_, chain_)) written = mock_.Process(index_, chain_);
  if (!written) {
    Break();
    return false;
  }
  LogWrites(*written);
  if (fault_(Fault::kWritesPastBuffer)) SpillOver(chain_, memory_);
  Trespass(fault_, *device_, chain_);
  Complete(*written);
  return !fault_(Fault::kOneRequestPerKick);
}

protocol::Result<bool> Vring::Take() {
  const bool held =
      !device_->HasPending() && fault_(Fault::kResubmitsOnlyWithNewRequests);
  if (in_flight_.has_resubmissions() && !held) {
    const protocol::Result<bool> retaken =
        device_->Retake(in_flight_.next_resubmission(), chain_);
    if (!WaitsForTranslation()) (void)in_flight_.TakeResubmission();
    return retaken;
  }
  const protocol::Result<bool> popped = device_->Pop(chain_);
  if (popped.ok() && *popped) in_flight_.OnFetched(chain_.head());
  if (!popped.ok() && WaitsForTranslation()) device_->PutBack();
  return popped;
}

// The chain comes again when the front-end has translated its addresses.
bool Vring::WaitsForTranslation() const {
  return memory_.iommu().missed() && !fault_(Fault::kIotlbMissBreaksRing);
}

void Vring::Complete(std::uint32_t written) {
  const std::uint16_t slot = static_cast<std::uint16_t>(
      device_->next_used() & (device_->queue_size() - 1));
  in_flight_.OnUsing(chain_.head());
  PushUsed(fault_, *device_, chain_.head(), written);
  in_flight_.OnUsed(chain_.head(), device_->next_used());
  LogUsedRing(kRingEntriesOffset + kUsedElementSize * slot, kUsedElementSize);
  LogUsedRing(kRingIndexOffset, sizeof(std::uint16_t));
}

void Vring::LogWrites(std::uint32_t written) {
  if (log_.is_missing()) SufferMissingLog(fault_);
  if (!log_.on()) return;
  if (fault_(Fault::kReadBuffersLogged)) {
    for (const std::span<std::byte> span : chain_.readable()) {
      const auto address = memory_.GuestAddressOf(span.data());
      if (address) log_.MarkRange(*address, span.size());
    }
  }
  std::uint64_t left = written;
  for (const std::span<std::byte> span : chain_.writable()) {
    const std::uint64_t length = std::min<std::uint64_t>(left, span.size());
    if (length == 0) return;
    const auto address = memory_.GuestAddressOf(span.data());
    if (address) log_.MarkRange(*address, length);
    left -= length;
  }
}

void Vring::LogUsedRing(std::uint64_t offset, std::uint64_t length) {
  if ((used_log_.flags & kLogUsedFlag) == 0 &&
      !fault_(Fault::kUsedRingLoggedUnasked)) {
    return;
  }
  if (fault_(Fault::kUsedRingNotLogged)) return;
  log_.MarkRange(used_log_.log + offset, length);
}

void Vring::Break() {
  broken_ = true;
  if (fault_(Fault::kErrNeverSignalled)) return;
  err_due_ = !err_ || fault_(Fault::kInbandBesideDescriptors);
  if (err_) (void)SignalFd(err_.get());
}

void Vring::SignalCall() {
  if (fault_(Fault::kCallNeverSignalled)) return;
  call_due_ = !call_ || fault_(Fault::kInbandBesideDescriptors);
  if (call_) (void)SignalFd(call_.get());
}

}  // namespace vuspec
