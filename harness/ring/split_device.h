// The device (back-end) side of a split ring in memory of a hostile driver.
//
// Contract: lives in one thread, or is handed over with a synchronisation;
// blocks never; allocates nothing once the largest chain was seen. Each word
// of shared memory that decides something is read once into a local, judged
// there, and used from there. A chain is bounded by the queue size and an
// indirect table by kMaxChainDescriptors, whatever the driver links.
// The address spaces outlive the device; after a change of the memory table
// Rebind comes before any other call, and Chains of before are dead.
//
// A device that starts calls SetNotifications(true) before its first sleep:
// with EVENT_IDX the event that memory happens to hold asks for nothing.
//
// Example of a device that sleeps between bursts:
//   do {
//     device.SetNotifications(false);
//     while (*(popped = device.Pop(chain))) {
//       device.Push(chain.head(), Serve(chain));
//     }
//     if (device.ShouldSignal()) call.Signal();
//   } while (device.SetNotifications(true));
//
// Spec: sections virtio-split, vring-addr (VADDR_05 to VADDR_07), vring-base.
#ifndef VUSPEC_HARNESS_RING_SPLIT_DEVICE_H_
#define VUSPEC_HARNESS_RING_SPLIT_DEVICE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/memory/address_space.h"
#include "harness/memory/shared_access.h"
#include "harness/ring/split_chain.h"
#include "harness/ring/split_layout.h"
#include "harness/ring/split_view.h"
#include "protocol/result.h"

namespace vuspec {

struct SplitDeviceOptions {
  // Negotiated features.
  bool event_idx = false;
  bool indirect = false;
  RingOrder order = RingOrder::kHost;
  // Where what the device writes lies, if that is another view of memory (an
  // IOMMU may forbid it); as long-lived as the spaces that are read.
  const AddressSpace* written_ring_space = nullptr;
  const AddressSpace* written_buffer_space = nullptr;
};

class SplitDevice {
 public:
  // The specification lets a device bound what it accepts; no front-end in use
  // makes longer chains.
  static constexpr std::size_t kMaxChainDescriptors = 1024;

  // Resolves the ring. The used index goes on from what memory holds, the
  // available index from 0; see SetBase.
  // VNUM_03, VNUM_04, VNUM_05 for the queue size; VADDR_05 to VADDR_07 for the
  // parts: outside of memory, past the end of a region, misaligned.
  static protocol::Result<SplitDevice> Create(
      const AddressSpace& ring_space, const AddressSpace& buffer_space,
      const SplitRingAddresses& addresses, std::uint32_t queue_size,
      const SplitDeviceOptions& options);

  SplitDevice(SplitDevice&&) = default;
  SplitDevice& operator=(SplitDevice&&) = default;

  // Resolves the ring again after the memory table changed; the indices stay.
  // After a violation only Rebind may be called.
  std::optional<protocol::Violation> Rebind();

  // Takes the next available chain into `chain`; false when there is none.
  // A chain that is refused is consumed, too, and left empty: its head may be
  // pushed with 0 bytes and the ring goes on. Only VS_29 and VS_30 consume
  // nothing and come again at the next call; the ring is lost.
  protocol::Result<bool> Pop(Chain& chain);

  // The chain that Pop has just refused comes again.
  // REQUIRES: Pop consumed it, and nothing was popped since.
  void PutBack() { --next_avail_; }
  // Takes a chain once more that some device took before and did not give
  // back; the available ring is not asked. False for no head of this ring.
  protocol::Result<bool> Retake(std::uint16_t head, Chain& chain);

  // Gives a chain back: Stage any number, then Publish; or Push one.
  void Stage(std::uint16_t head, std::uint32_t written) {
    view_.SetUsedElement(next_used_, {head, written});
    ++next_used_;
  }
  void Publish() { view_.SetUsedIndex(next_used_); }
  void Push(std::uint16_t head, std::uint32_t written) {
    Stage(head, written);
    Publish();
  }

  // Whether the driver asked to be notified of what was published since the
  // last call.
  bool ShouldSignal() {
    FullBarrier();
    const std::uint16_t old_index = asked_about_;
    asked_about_ = next_used_;
    if (options_.event_idx) {
      return EventPassed(view_.used_event(), next_used_, old_index);
    }
    return next_used_ != old_index &&
           (view_.avail_flags() & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
  }

  // Asks for kicks or for none. True when chains are waiting already, so that
  // nobody sleeps on a kick that will not come.
  bool SetNotifications(bool on);

  // Chains are waiting; the index may also be a hostile one.
  bool HasPending() const { return view_.avail_index() != next_avail_; }

  // The value for GET_VRING_BASE: the next available index to process.
  std::uint16_t next_avail() const { return next_avail_; }
  std::uint16_t next_used() const { return next_used_; }
  // SET_VRING_BASE; the used index is read from memory again.
  void SetBase(std::uint16_t next_avail);

  std::uint16_t queue_size() const { return view_.queue_size(); }
  const SplitRingAddresses& addresses() const { return addresses_; }
  const SplitRingView& view() const { return view_; }

 private:
  using Refusal = std::optional<protocol::Violation>;

  SplitDevice() = default;

  // REQUIRES: head < queue_size().
  protocol::Result<bool> TakeFrom(std::uint16_t head, Chain& chain);
  // Copies the chain into descriptors_ and judges its structure.
  Refusal Collect(std::uint16_t head);
  Refusal CollectTable(const Descriptor& pointer);
  // Judges one descriptor beside the ones before.
  Refusal Keep(const Descriptor& descriptor);
  // Resolves descriptors_ into `chain`.
  Refusal Resolve(Chain& chain) const;

  const AddressSpace* ring_space_ = nullptr;
  const AddressSpace* buffer_space_ = nullptr;
  SplitRingAddresses addresses_;
  SplitDeviceOptions options_;
  SplitRingView view_;

  std::uint16_t next_avail_ = 0;
  std::uint16_t seen_avail_ = 0;  // the available index as last loaded
  std::uint16_t next_used_ = 0;
  std::uint16_t asked_about_ = 0;  // used index at the last ShouldSignal

  // The chain being taken.
  std::vector<Descriptor> descriptors_;
  std::uint64_t total_length_ = 0;
  bool saw_writable_ = false;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_SPLIT_DEVICE_H_
