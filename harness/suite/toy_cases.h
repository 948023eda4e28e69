// Cases of known outcome, for the tests of the runner.
//
// They are registered by hand, and not by TEST(), so that the test binary
// itself does not run them: they crash, hang and leave.
#ifndef VUSPEC_HARNESS_SUITE_TOY_CASES_H_
#define VUSPEC_HARNESS_SUITE_TOY_CASES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/peer/peer.h"

namespace vuspec {

// Registers Toy.* and Other.* with GoogleTest and with the catalogue.
void RegisterToyCases();

// A Peer without anything behind it; Stop() gives `last_words`.
std::unique_ptr<Peer> MakeToyPeer(PeerHealth last_words = {});

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_TOY_CASES_H_
