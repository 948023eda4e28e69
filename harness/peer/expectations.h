// What a peer is known to do wrong: its expectations file.
//
// Contract: plain data after Load. An entry of the file names the cases that
// fail for one reason; it is read as one Xfail for each of them, and each is
// judged for itself. Match marks it as used, so that what matched nothing can
// be reported. It is matched by the name of the case and by what was observed,
// never by the name alone, and not after its `until` date. Unknown keys and an
// entry without a case or a reason are errors.
//
// Example:
//   [[xfail]]
//   cases  = [
//     "RingLifecycle.GetVringBaseStopsTheRing",
//     "Malformed.*_Short",             # * is any text
//   ]
//   match  = "no used entry"           # part of what was observed
//   reason = "a kick before enable is lost"
//   url    = "https://..."             # optional
//   until  = 2027-01-01                # optional
//   sometimes = true   # optional: a race of the peer, which may as well pass
#ifndef VUSPEC_HARNESS_PEER_EXPECTATIONS_H_
#define VUSPEC_HARNESS_PEER_EXPECTATIONS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/peer/config.h"

namespace vuspec {

// One case of an entry, or one pattern of cases.
struct Xfail {
  std::string case_pattern;
  std::string match;
  std::string reason;
  std::string url;
  std::optional<ConfigDate> until;  // the last day on which it holds
  bool sometimes = false;           // a pass is no surprise either
  std::string where;                // "file:line:column" of the pattern
  std::size_t entry = 0;            // which [[xfail]] of the file
};

class Expectations {
 public:
  // An empty set, for a peer without known defects.
  Expectations() = default;

  // Errors: kNotFound; kInvalidArgument with file, line and column.
  static absl::StatusOr<Expectations> Load(const std::string& path,
                                           const ConfigDate& today);
  static absl::StatusOr<Expectations> Parse(const std::string& text,
                                            const std::string& name,
                                            const ConfigDate& today);

  // The first one that expects this failure, or nullptr. `observed` is the
  // whole text of the observation. It is owned by this object.
  const Xfail* Match(const std::string& case_name, const std::string& observed);

  // Those whose case pattern fits, whatever was observed: for a case that
  // passed, these are what makes it an XPASS. Marks nothing.
  std::vector<const Xfail*> ForCase(const std::string& case_name) const;

  // In the order of the file.
  std::vector<const Xfail*> All() const;

  // Those that Match never returned; expired ones are not among them.
  std::vector<const Xfail*> Unmatched() const;
  std::vector<const Xfail*> Expired() const;

 private:
  struct Expected {
    Xfail xfail;
    bool expired = false;
    bool used = false;
  };

  static absl::StatusOr<Expectations> Read(const ConfigFile& file,
                                           const ConfigDate& today);

  // Of one [[xfail]], whose number is `entry`.
  void Add(ConfigTable& table, std::size_t entry, const ConfigDate& today);

  std::vector<Expected> expected_;
};

// Today in UTC.
ConfigDate TodayUtc();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_EXPECTATIONS_H_
