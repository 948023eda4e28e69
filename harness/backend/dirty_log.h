// The log of dirty pages that the front-end shares for a migration.
//
// One bit for each page of 4 KiB of guest memory. The front-end clears bits
// while we set them, so each byte is changed by compare and exchange.
//
// Contract: one thread of ours; marking never fails: a page beyond the log is
// not logged, since the front-end made it too small.
//
// Spec: "Migration".
#ifndef VUSPEC_HARNESS_BACKEND_DIRTY_LOG_H_
#define VUSPEC_HARNESS_BACKEND_DIRTY_LOG_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "harness/backend/fault.h"
#include "harness/memory/mapping.h"
#include "harness/transport/unique_fd.h"
#include "protocol/payloads.h"

namespace vuspec {

class DirtyLog {
 public:
  static constexpr std::uint64_t kPageSize = 4096;

  explicit DirtyLog(const FaultSet& fault) : fault_(fault) {}

  // Shares the log; on failure the one of before stays.
  absl::Status Map(const protocol::Log& log, const UniqueFd& fd);
  // Signalled after pages were marked (SET_LOG_FD).
  void SetEvent(UniqueFd fd) { event_ = std::move(fd); }

  // LOG_ALL is negotiated.
  void SetOn(bool on) { on_ = on; }
  bool on() const { return on_ && mapping_.has_value(); }
  // There is a log to keep, and nobody shared it.
  bool is_missing() const { return on_ && !mapping_.has_value(); }

  // REQUIRES: length != 0.
  void MarkRange(std::uint64_t guest_address, std::uint64_t length);

  // Tells the front-end of what was marked since the last call.
  void Flush();

 private:
  void MarkPage(std::uint64_t page);

  const FaultSet& fault_;
  std::optional<Mapping> mapping_;
  UniqueFd event_;
  bool on_ = false;
  bool marked_ = false;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_DIRTY_LOG_H_
