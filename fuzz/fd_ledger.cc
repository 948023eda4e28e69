#include "fuzz/fd_ledger.h"

#include <fcntl.h>

#include <vector>

#include "fuzz/property.h"

// NOLINTBEGIN(bugprone-reserved-identifier): the linker names them.
extern "C" int __real_close(int fd);
extern "C" int __wrap_close(int fd);
// NOLINTEND(bugprone-reserved-identifier)

namespace vuspec::fuzz {
namespace {

constexpr int kFirstToken = 1 << 30;

// By token: whether it is open.
std::vector<bool>& Tokens() {
  static std::vector<bool> tokens;
  return tokens;
}

int LowestFree() {
  return UniqueFd(::fcntl(NullFd(), F_DUPFD_CLOEXEC, 0)).get();
}

}  // namespace

int NullFd() {
  static const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return null.get();
}

UniqueFd NewToken() {
  std::vector<bool>& tokens = Tokens();
  tokens.push_back(true);
  return UniqueFd(kFirstToken + static_cast<int>(tokens.size()) - 1);
}

FdLedger::FdLedger() : lowest_(LowestFree()) { Tokens().clear(); }

void FdLedger::Check() const {
  for (const bool open : Tokens()) {
    VU_PROPERTY(!open, "no descriptor is leaked");
  }
  VU_PROPERTY(LowestFree() == lowest_, "no descriptor is leaked");
}

}  // namespace vuspec::fuzz

extern "C" int __wrap_close(int fd) {
  using vuspec::fuzz::kFirstToken;
  if (fd < kFirstToken) return __real_close(fd);
  std::vector<bool>& tokens = vuspec::fuzz::Tokens();
  const auto at = static_cast<std::size_t>(fd - kFirstToken);
  VU_PROPERTY(at < tokens.size() && tokens[at], "a descriptor is closed once");
  tokens[at] = false;
  return 0;
}
