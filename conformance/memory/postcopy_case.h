// A case about memory that arrives while it is used: the front-end's part of a
// postcopy migration, with a thread that serves the faults of the peer.
//
// Contract: skips with its reason where the kernel gives this process no
// userfaultfd. When a case ends, however it does, memory is whole again and no
// peer is left waiting for a page.
#ifndef VUSPEC_CONFORMANCE_MEMORY_POSTCOPY_CASE_H_
#define VUSPEC_CONFORMANCE_MEMORY_POSTCOPY_CASE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "conformance/kit/leak_case.h"
#include "harness/device/device_driver.h"
#include "harness/memory/page_server.h"
#include "harness/session/session.h"
#include "harness/suite/catalog.h"
#include "protocol/features.h"
#include "protocol/payloads.h"

namespace vuspec {

inline constexpr std::uint64_t kPagefault =
    Mask(protocol::ProtocolFeature::PAGEFAULT);

class PostcopyCase : public LeakCase {
 protected:
  // The regions of every session. The used rings have one of their own, which
  // never is withheld, since the driver looks at it at any time.
  enum Region : std::size_t { kRings = 0, kUsedRings = 1, kRequests = 2 };

  void SetUp() override;
  void TearDown() override;

  // Negotiated, and no memory shared yet.
  Session& StartUnshared(std::uint64_t more_protocol = 0);
  // POSTCOPY_ADVISE; from now on there are pages().
  void Advise(Session& session);
  // StartUnshared, Advise and POSTCOPY_LISTEN.
  Session& StartListening(std::uint64_t more_protocol = 0);
  // SET_MEM_TABLE up to its reply, from which faults are understood.
  protocol::MemoryTable TellMemory(Session& session);
  // All of it, acknowledged, and the rings of the device at work.
  Session& StartLateDevice();
  void BringRings(Session& session);

  // A request of the device whose buffers lie in kRequests.
  static IoRequest MakeLateRequest(Session& session);
  // Posts it with its buffers withheld, awaits and judges it.
  void CompleteLate(Session& session, const IoRequest& request);
  // Awaits and judges what was posted; all memory is there again.
  void FinishLate(Session& session, const IoRequest& request);
  // 8 sectors of a disk are read into a page that nobody has touched; the
  // request completes.
  void ReadIntoAMissingPage(Session& session);

  void Withhold(Region region);
  // Posts it with its buffers withheld; returns once the peer waits for a page
  // that does not come before pages().LetGo().
  void PostHeld(Session& session, const IoRequest& request);

  PageServer& pages() { return *pages_; }
  std::size_t fault_count() const { return pages_->faults().size(); }
  // Whether the page of this address was asked for.
  bool WasAskedFor(std::uint64_t guest_address) const;
  void ExpectEachFaultWasToldOf() const;

  // Ends the connection in whatever state it is, and all of the session.
  void EndSession(Session& session);

 private:
  void EndPostcopy();

  Session* session_ = nullptr;  // the last one that was started
  std::optional<PageServer> pages_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_MEMORY_POSTCOPY_CASE_H_
