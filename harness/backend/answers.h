// What the mock back-end says, and every way of saying it wrong.
//
// Contract: borrows the connection; blocks at most until kPatience, after
// which a front-end that does not read is given up. A failed send ends the
// session.
//
// Spec: "Header" (flags of replies), "REPLY_ACK".
#ifndef VUSPEC_HARNESS_BACKEND_ANSWERS_H_
#define VUSPEC_HARNESS_BACKEND_ANSWERS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "harness/backend/fault.h"
#include "harness/transport/connection.h"
#include "harness/transport/unique_fd.h"
#include "protocol/header.h"
#include "protocol/payloads.h"

namespace vuspec {

class Answers {
 public:
  // How long a front-end may leave its answers unread.
  static constexpr std::chrono::seconds kPatience{1};

  Answers(Connection& connection, const FaultSet& fault)
      : connection_(connection), fault_(fault) {}

  // A reply of its own; Empty is a payload of no bytes. `fd` goes with it, if
  // there is one.
  absl::Status Reply(const protocol::Header& request,
                     const protocol::Body& body, const UniqueFd& fd = {});
  // 0 for success.
  absl::Status Ack(const protocol::Header& request, std::uint64_t value);

 private:
  using Fds = std::span<const int>;

  absl::Status Send(protocol::Header header, std::vector<std::byte> payload,
                    Fds fds);
  absl::Status Write(const protocol::Header& header,
                     std::span<const std::byte> payload, Fds fds);
  absl::Status WriteByteByByte(const protocol::Header& header,
                               std::span<const std::byte> payload, Fds fds,
                               int pause_ms);
  absl::Status WriteWithFds(const protocol::Header& header,
                            std::span<const std::byte> payload,
                            std::size_t fd_count);

  Connection& connection_;
  const FaultSet& fault_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_ANSWERS_H_
