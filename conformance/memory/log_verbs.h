// Logs of dirty pages, and writes of the device to be found in them.
//
// Contract: failures of our world and of the exchange end the case.
#ifndef VUSPEC_CONFORMANCE_MEMORY_LOG_VERBS_H_
#define VUSPEC_CONFORMANCE_MEMORY_LOG_VERBS_H_

#include <cstdint>
#include <span>

#include "harness/memory/mapping.h"
#include "harness/session/session.h"
#include "harness/transport/unique_fd.h"
#include "protocol/payloads.h"

namespace vuspec {

// A log as SET_LOG_BASE shares it, at the end of its file; all of it is clear.
class SharedLog {
 public:
  // Bytes: for guest addresses below 2 GiB.
  static constexpr std::uint64_t kSize = std::uint64_t{64} << 10;

  explicit SharedLog(std::uint64_t offset = 0);

  int fd() const { return file_.get(); }
  protocol::Log description() const { return {kSize, offset_}; }

  // The bit of the page that holds this guest address.
  bool Marks(std::uint64_t guest_address) const;
  bool IsClear() const { return IsFilledWith(0); }
  // Every byte of the log.
  void FillWith(std::uint8_t bits);
  bool IsFilledWith(std::uint8_t bits) const;
  // No bit of `bits` was cleared in any byte of the log.
  bool Keeps(std::uint8_t bits) const;
  // Nobody wrote to the file in front of the log.
  bool IsUntouchedBefore() const;

 private:
  std::span<std::byte> bytes() const {
    return mapping_.bytes().subspan(offset_);
  }

  std::uint64_t offset_;
  UniqueFd file_;
  Mapping mapping_;
};

// What the device wrote in one piece; never empty.
struct Written {
  std::uint64_t guest_address = 0;
  std::uint64_t length = 0;
};

// Lets the device write across the border of two pages on which nothing else
// lies; what it is to log is in the log on return.
Written WriteAcrossPages(Session& session);

// Every page of it is marked.
void ExpectLogged(const SharedLog& log, const Written& written);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_MEMORY_LOG_VERBS_H_
