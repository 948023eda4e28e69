#include "harness/backend/mishap.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "harness/backend/misbehaviour.h"

namespace vuspec {
namespace {

std::optional<Mishap::Kind> KindNamed(std::string_view name) {
  if (name == "dies") return Mishap::Kind::kDies;
  if (name == "hangs") return Mishap::Kind::kHangs;
  if (name == "leaks") return Mishap::Kind::kLeaks;
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Mishap> ParseMishap(std::string_view text) {
  const std::size_t at = text.find('@');
  const auto kind = KindNamed(text.substr(0, at));
  if (!kind || at == std::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--mishap ", std::string(text),
        ": expected dies@REQUEST, hangs@REQUEST or leaks@REQUEST"));
  }
  const std::string_view name = text.substr(at + 1);
  const protocol::MessageSpec* request = protocol::FindMessage(name);
  if (request == nullptr || request->channel != protocol::Channel::kMain) {
    return absl::InvalidArgumentError(
        absl::StrCat("--mishap ", std::string(text), ": there is no request ",
                     std::string(name), " of the front-end"));
  }
  return Mishap{*kind, request};
}

void Befall(Mishap::Kind kind) {
  switch (kind) {
    case Mishap::Kind::kDies:
      std::abort();
    case Mishap::Kind::kHangs:
      HangForEver();
    case Mishap::Kind::kLeaks:
      (void)::dup(STDERR_FILENO);
  }
}

}  // namespace vuspec
