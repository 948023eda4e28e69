// Cases of known outcome, for the tests of the runner.
//
// They are registered by hand, and not by TEST(), so that the test binary
// itself does not run them: they crash, hang and leave.
#ifndef VUSPEC_HARNESS_SUITE_TOY_CASES_H_
#define VUSPEC_HARNESS_SUITE_TOY_CASES_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "harness/peer/peer.h"

namespace vuspec {

// Registers Toy.* and Other.* with GoogleTest and with the catalogue.
void RegisterToyCases();

// A Peer without anything behind it; Stop() is `stop`.
std::unique_ptr<Peer> MakeToyPeer(std::function<PeerHealth()> stop = [] {
  return PeerHealth();
});

// For ever, without using the processor.
[[noreturn]] void ToyHang();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_TOY_CASES_H_
