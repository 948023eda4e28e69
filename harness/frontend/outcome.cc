#include "harness/frontend/outcome.h"

#include "absl/strings/str_cat.h"

namespace vuspec {

std::string_view ToString(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::kAcked:
      return "Acked";
    case Outcome::kNacked:
      return "Nacked";
    case Outcome::kReplied:
      return "Replied";
    case Outcome::kClosed:
      return "Closed";
    case Outcome::kSilent:
      return "Silent";
    case Outcome::kHung:
      return "Hung";
  }
  return "?";
}

std::string ToString(const Outcome& outcome) {
  std::string text(ToString(outcome.kind));
  if (outcome.kind == Outcome::kNacked || outcome.kind == Outcome::kReplied) {
    absl::StrAppend(&text, " (", outcome.value, ")");
  }
  if (outcome.closed && outcome.kind != Outcome::kClosed) {
    absl::StrAppend(&text, ", then closed");
  }
  if (outcome.hung && outcome.kind != Outcome::kHung) {
    absl::StrAppend(&text, ", then hung");
  }
  if (outcome.violation) {
    absl::StrAppend(&text, "; ", ToString(*outcome.violation));
  }
  if (!outcome.trouble.ok()) {
    absl::StrAppend(&text, "; trouble of ours: ", outcome.trouble.ToString());
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, Outcome::Kind kind) {
  return out << ToString(kind);
}

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << ToString(outcome);
}

}  // namespace vuspec
