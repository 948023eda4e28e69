// The pages of guest memory that have not arrived yet, and who serves them: the
// source of a postcopy migration.
//
// Regions are withheld: their content is kept here and taken out of the memory,
// so that a back-end which touches them waits until a thread of ours provides
// each page. A page that was never written is provided as zeroes.
//
// Contract: one thread besides the caller's; nothing blocks but AwaitFaults.
// From Withhold to Restore nobody on our side may touch the region. When the
// server goes, all memory is whole and nobody waits any more, provided that the
// back-end told the truth about its ranges.
//
// Spec: "Front-end message types" (POSTCOPY_LISTEN, SET_MEM_TABLE).
#ifndef VUSPEC_HARNESS_MEMORY_PAGE_SERVER_H_
#define VUSPEC_HARNESS_MEMORY_PAGE_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "harness/memory/guest_memory.h"
#include "harness/memory/userfault.h"
#include "harness/transport/deadline.h"
#include "harness/transport/event_fd.h"

namespace vuspec {

class PageServer {
 public:
  struct Fault {
    std::uint64_t peer_address = 0;  // of the page
    // nullopt: outside of every range that was learnt before.
    std::optional<std::uint64_t> guest_address = std::nullopt;
  };

  // `memory` outlives the server. REQUIRES: its regions consist of pages.
  PageServer(Userfault userfault, const GuestMemory& memory);
  PageServer(PageServer&&) = delete;
  ~PageServer();

  // The back-end has the region of `guest_address` at `peer_address`. What was
  // learnt of this region before is forgotten.
  void Learn(std::uint64_t guest_address, std::uint64_t size,
             std::uint64_t peer_address);

  // Takes the content of a region away.
  absl::Status Withhold(std::size_t region_index);
  // Gives back what nobody asked for.
  void Restore();

  // From now on faults are noted and not served; LetGo serves them.
  void Hold();
  void LetGo();

  // Until there were so many faults since the beginning; kDeadlineExceeded if
  // there are fewer.
  absl::Status AwaitFaults(std::size_t count, Deadline deadline) const;
  // All of them, in the order of their reports.
  std::vector<Fault> faults() const;

  // As if this process died: no page comes any more, and nobody is woken. The
  // memory is whole on our side.
  void Die();

 private:
  struct Range {
    AddressRange guest;
    std::uint64_t peer_address = 0;
  };
  using Page = std::vector<std::byte>;

  void Run();
  // False when the descriptor tells no more.
  bool TakeFaults();
  void StopThread();
  // Each REQUIRES: mutex_ is held.
  void Provide(const Fault& fault);
  std::optional<std::uint64_t> ToGuest(std::uint64_t peer_address) const;
  std::optional<std::uint64_t> ToPeer(std::uint64_t guest_address) const;
  void PutBack();

  std::optional<Userfault> userfault_;  // gone after Die
  const GuestMemory& memory_;
  const Page zeroes_;
  Event quit_;
  Event noticed_;  // signalled by each fault

  mutable std::mutex mutex_;
  std::vector<Range> ranges_;
  std::map<std::uint64_t, Page> withheld_;  // by guest address
  std::vector<Fault> faults_;
  std::vector<Fault> held_;
  bool holding_ = false;

  std::thread thread_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_PAGE_SERVER_H_
