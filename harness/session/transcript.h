// Remembers the messages of a connection, to be shown when a case fails.
//
// Contract: a passive observer; bounded (kFrameCountMax, then only counted);
// text is made when it is asked for.
#ifndef VUSPEC_HARNESS_SESSION_TRANSCRIPT_H_
#define VUSPEC_HARNESS_SESSION_TRANSCRIPT_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "harness/transport/connection.h"
#include "protocol/header.h"

namespace vuspec {

class Transcript final : public WireObserver {
 public:
  // Enough for every case; a fuzzed session may say more.
  static constexpr std::size_t kFrameCountMax = 4096;

  void OnSent(const protocol::Header& header,
              std::span<const std::byte> payload,
              std::size_t fd_count) override;
  void OnReceived(const protocol::Header& header,
                  std::span<const std::byte> payload,
                  std::size_t fd_count) override;

  bool empty() const { return frames_.empty(); }
  // The last three that we sent: "SET_OWNER, request 77, GET_FEATURES".
  std::string LastSent() const;

  // .vu text, as corpus/README.md describes it and `vuspec replay` reads it.
  std::string ToVu() const;

 private:
  struct Frame {
    bool sent = false;
    protocol::Header header;
    std::vector<std::byte> payload;
    std::size_t fd_count = 0;
  };
  void Add(Frame frame);

  std::vector<Frame> frames_;
  std::size_t dropped_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SESSION_TRANSCRIPT_H_
