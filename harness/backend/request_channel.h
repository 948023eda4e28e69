// The mock's end of the back-end channel: what it asks, and how the front-end
// answers.
//
// Requests leave in the order of Send and are answered in that order. Nothing
// is sent that the specification forbids now. A front-end that answers wrongly
// loses its channel and nothing else; one that does not answer, or does not
// read, loses only what the request was about.
//
// Contract: one thread; never blocks. Registers the socket with the loop under
// kToken, and forgets it before it is closed.
//
// Spec: "Back-end message types".
#ifndef VUSPEC_HARNESS_BACKEND_REQUEST_CHANNEL_H_
#define VUSPEC_HARNESS_BACKEND_REQUEST_CHANNEL_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "harness/backend/environment.h"
#include "harness/transport/connection.h"
#include "harness/transport/unique_fd.h"
#include "protocol/message.h"
#include "protocol/session_model.h"

namespace vuspec {

class RequestChannel {
 public:
  static constexpr EventLoop::Token kToken = 100;

  struct Answer {
    protocol::Message request;
    std::uint64_t value = 0;  // 0 is success
    std::vector<UniqueFd> fds;
  };

  // Both outlive the channel.
  RequestChannel(const Environment& environment,
                 const protocol::SessionModel& model)
      : environment_(environment), fault_(environment.fault), model_(model) {}
  RequestChannel(RequestChannel&&) = delete;
  ~RequestChannel() { Close(); }

  // Replaces the channel before; its answers are not waited for any more.
  void Open(UniqueFd socket);
  bool open() const { return connection_ != nullptr; }

  // Asks for an ack where REPLY_ACK makes one possible. False if nothing was
  // sent.
  bool Send(protocol::Message request, std::span<const int> fds = {});

  // The answers that arrived since the last call.
  std::vector<Answer> Hear();

  // A defective mock takes this for the end of the session.
  bool in_trouble() const { return in_trouble_; }

 private:
  void Close();
  std::optional<Answer> HearOne();
  void AwaitAnswer();
  void Misspeak(protocol::Header& header, std::vector<std::byte>& payload,
                std::vector<int>& fds) const;

  const Environment& environment_;
  const FaultSet& fault_;
  const protocol::SessionModel& model_;
  std::unique_ptr<Connection> connection_;
  std::deque<protocol::Message> unanswered_;
  bool in_trouble_ = false;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_REQUEST_CHANNEL_H_
