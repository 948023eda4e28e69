#include "harness/backend/misbehaviour.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "harness/memory/shared_access.h"

namespace vuspec {

void PushUsed(const FaultSet& fault, SplitDevice& device, std::uint16_t head,
              std::uint32_t written) {
  if (fault(Fault::kUsedIdWrong)) {
    head = static_cast<std::uint16_t>((head + 1) & (device.queue_size() - 1));
  }
  if (fault(Fault::kUsedLengthZero)) written = 0;
  if (fault(Fault::kUsedLengthTooLong)) ++written;
  device.Stage(head, written);
  if (fault(Fault::kUsedIndexNotPublished)) return;
  if (fault(Fault::kCompletesTwice)) device.Stage(head, written);
  device.Publish();
  if (fault(Fault::kUsedIndexJumps)) {
    device.view().SetUsedIndex(
        static_cast<std::uint16_t>(device.next_used() + 1));
  }
}

bool IsOverwhelmed(const FaultSet& fault, const SplitDevice& device) {
  const auto waiting = static_cast<std::uint16_t>(device.view().avail_index() -
                                                  device.next_avail());
  if (waiting == device.queue_size() && fault(Fault::kFullRingRefused)) {
    return true;
  }
  // Sixteen-bit arithmetic that somebody did in an int.
  return waiting != 0 && device.view().avail_index() < device.next_avail() &&
         fault(Fault::kIndexWrapMishandled);
}

void SpillOver(const Chain& chain, const BackendMemory& memory) {
  if (chain.writable().empty()) return;
  const std::span<std::byte> last = chain.writable().back();
  const auto address = memory.GuestAddressOf(last.data());
  if (!address) return;
  const std::span<std::byte> more =
      memory.guest_space().LeadingPiece(*address, last.size() + 1);
  if (more.size() == last.size() + 1) {
    Store<std::uint8_t>(&more[last.size()], 0x5a);
  }
}

bool IsTooMuch(const FaultSet& fault, const Chain& chain) {
  constexpr std::size_t kShortestHeader = 12;  // of block and network devices
  constexpr std::size_t kFewBuffers = 64;
  const auto& readable = chain.readable();
  if (!readable.empty() && readable.front().size() < kShortestHeader &&
      fault(Fault::kLayoutAssumed)) {
    return true;
  }
  return readable.size() + chain.writable().size() > kFewBuffers &&
         fault(Fault::kLongChainsRefused);
}

void Trespass(const FaultSet& fault, const SplitDevice& device,
              const Chain& chain) {
  const auto& readable = chain.readable();
  if (!readable.empty() && fault(Fault::kReadableBufferOverwritten)) {
    Store<std::uint8_t>(readable.front().data(), 0x5a);
  }
  if (fault(Fault::kDescriptorsOverwritten)) {
    device.view().SetDescriptor(chain.head(), {});
  }
  if (fault(Fault::kUsedFlagsUndefined)) device.view().SetUsedFlags(0x8000);
}

void SufferBadRing(const FaultSet& fault) {
  if (fault(Fault::kSpinsOnBadRing)) SpinForEver();
  if (fault(Fault::kAbortsOnBadRing)) std::abort();
}

void SufferMissingLog(const FaultSet& fault) {
  if (fault(Fault::kAbortsWithoutLog)) std::abort();
}

void SufferRequest(const FaultSet& fault, const protocol::Message& request) {
  using protocol::Request;
  switch (static_cast<Request>(request.spec->id)) {
    case Request::GET_VRING_BASE:
      if (fault(Fault::kHangsOnGetVringBase)) HangForEver();
      return;
    case Request::GET_QUEUE_NUM:
      if (fault(Fault::kAbortsOnGetQueueNum)) std::abort();
      return;
    case Request::SET_MEM_TABLE:
      if (fault(Fault::kAllocatesOnMemoryTable)) AllocateForEver();
      return;
    case Request::SET_STATUS:
      if (fault(Fault::kExitsOnSetStatus)) std::_Exit(0);
      return;
    default:
      return;
  }
}

namespace {

void LeakSomething(const FaultSet& fault) {
  if (fault(Fault::kFdLeakedPerMessage)) (void)::dup(STDERR_FILENO);
  if (fault(Fault::kMappingLeakedPerMessage)) {
    (void)::mmap(nullptr, 1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  if (fault(Fault::kThreadLeakedPerMessage)) {
    std::thread([] { ::pause(); }).detach();
  }
}

}  // namespace

void SufferMessage(const FaultSet& fault, const ReceivedMessage& message,
                   const protocol::SessionModel& model) {
  LeakSomething(fault);
  if (fault(Fault::kAbortsOnUndefinedFlags) &&
      (message.header.flags & ~protocol::kDefinedFlags) != 0) {
    std::abort();
  }
  const protocol::MessageSpec* spec =
      FindMessage(protocol::Channel::kMain, message.header.request);
  if (spec == nullptr) return;
  if (message.fds.size() > spec->fds.max && fault(Fault::kAbortsOnSurplusFds)) {
    std::abort();
  }
  if (spec->payload == protocol::Payload::kNone && !message.payload.empty() &&
      fault(Fault::kAbortsOnStrayPayload)) {
    std::abort();
  }
  if (spec->phase == protocol::Phase::kOwned && !model.owned() &&
      fault(Fault::kAbortsBeforeOwner)) {
    std::abort();
  }
}

void SufferOversize(const FaultSet& fault) {
  if (fault(Fault::kAbortsOnOversize)) std::abort();
}

void SufferUnknownRequest(const FaultSet& fault) {
  if (fault(Fault::kAbortsOnUnknownRequest)) std::abort();
  if (fault(Fault::kHangsOnUnknownRequest)) HangForEver();
}

void SufferRefusal(const FaultSet& fault) {
  if (fault(Fault::kExitsOnRefusal)) std::_Exit(1);
}

void SufferBadAnswer(const FaultSet& fault) {
  if (fault(Fault::kAbortsOnBadAnswer)) std::abort();
}

void SufferBreach(const FaultSet& fault, const protocol::Violation& breach) {
  using protocol::Req;
  struct Fatal {
    Fault fault;
    Req rule;
  };
  constexpr Fatal kFatal[] = {
      {Fault::kAbortsOnUnmappedRing, Req::VADDR_05},
      {Fault::kAbortsOnUnmappedRing, Req::VADDR_06},
      {Fault::kAbortsOnMisalignedRing, Req::VADDR_07},
      {Fault::kAbortsOnEarlyStart, Req::KICK_13},
      {Fault::kAbortsOnResize, Req::RING_16},
      {Fault::kAbortsOnCorruptInFlight, Req::INFL_24},
  };
  for (const Fatal& row : kFatal) {
    if (fault(row.fault) && row.rule == breach.req) std::abort();
  }
}

void SufferDisconnect(const FaultSet& fault) {
  if (fault(Fault::kExitsAtDisconnect)) std::_Exit(1);
  if (fault(Fault::kCrashesAtDisconnect)) std::abort();
  if (fault(Fault::kReportsAtDisconnect)) {
    std::fputs(
        "==1==ERROR: AddressSanitizer: heap-use-after-free on address "
        "0x602000000010\n"
        "SUMMARY: AddressSanitizer: heap-use-after-free mock.cc:1\n",
        stderr);
  }
}

void SufferLostReader(const FaultSet& fault) {
  if (fault(Fault::kDiesOfLostReader)) std::_Exit(128 + SIGPIPE);
}

void SufferStrayCheck(const FaultSet& fault) {
  if (fault(Fault::kAbortsOnStrayCheck)) std::abort();
}

void Scribble(const BackendMemory& memory,
              const protocol::SessionModel& model) {
  for (const protocol::MemoryRegion& region : model.memory().regions()) {
    const std::uint64_t last = region.guest_address + region.memory_size - 1;
    const auto byte = memory.guest_space().LeadingPiece(last, 1);
    if (byte.empty()) continue;
    const auto value = Load<std::uint8_t>(byte.data());
    Store<std::uint8_t>(byte.data(), static_cast<std::uint8_t>(value + 1));
  }
}

void HangForEver() {
  for (;;) ::pause();
}

void SpinForEver() {
  std::atomic<bool> for_ever{true};
  while (for_ever.load()) {
  }
  std::abort();
}

void AllocateForEver() {
  constexpr std::size_t kStep = std::size_t{1} << 20;
  std::vector<std::vector<std::byte>> blocks;
  // Written to, so that the memory is really taken.
  for (;;) blocks.emplace_back(kStep, std::byte{1});
}

}  // namespace vuspec
