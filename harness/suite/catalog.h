// What is known of each conformance case beyond its GoogleTest name.
//
// GoogleTest is the only registry of cases; the catalogue adds, under the same
// "Suite.Case" name, what a verdict needs: the clauses it proves and what the
// peer must offer. CONFORMANCE_CASE (conformance/kit/case.h) fills it.
#ifndef VUSPEC_HARNESS_SUITE_CATALOG_H_
#define VUSPEC_HARNESS_SUITE_CATALOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ambiguity.h"
#include "protocol/features.h"
#include "protocol/requirement.h"

namespace vuspec {

// What the peer must offer for a case to say anything about it.
struct Needs {
  std::uint64_t virtio = 0;      // offered virtio feature bits
  std::uint64_t protocol = 0;    // offered protocol feature bits
  std::uint32_t queues = 1;      // at least so many vrings
  bool io = false;               // a device profile with a verified I/O
  std::string_view device = {};  // "blk", "gpu", "net"...; empty: any
  bool process = false;  // the peer is a process whose /proc we can read
};

struct CaseInfo {
  std::string id = {};  // "Suite.Case"
  std::vector<protocol::Req> cites = {};
  Needs needs = {};
  // What it leaves open: it accepts every allowed outcome, and may record it.
  std::vector<protocol::Ambiguity> open = {};
  bool generated = false;    // a row of a table rather than a written case
  std::string summary = {};  // the clause in our words, for list and explain
  std::string file = {};     // where it is written: conformance/...

  // The strongest level among the cited clauses: the gate it belongs to.
  protocol::Level level() const;
};

// Called by the registration macros before main. Dies on a repeated id.
int RegisterCase(CaseInfo info);

// All cases in the order of registration.
const std::vector<CaseInfo>& AllCases();
const CaseInfo* FindCase(std::string_view id);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_CATALOG_H_
