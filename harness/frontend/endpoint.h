// A front-end together with the way it reached its back-end: by connecting, or
// by listening for back-ends that connect.
//
// What DPDK's virtio_user builds around its messages, as one object: both
// modes, reconnecting, the link state, the descriptor to watch, queue pairs
// and memory segments.
//
// Contract: owns listener and session; blocking until the deadlines given; not
// thread-safe. A Frontend lives from connection to disconnection: pointers to
// it die with Disconnect, Reconnect and UpdateLink.
//
// Spec: "Communication" (either side may listen); SEED-15, SEED-18, SEED-19.
#ifndef VUSPEC_HARNESS_FRONTEND_ENDPOINT_H_
#define VUSPEC_HARNESS_FRONTEND_ENDPOINT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/frontend/frontend.h"
#include "harness/memory/merge_segments.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {

class Endpoint {
 public:
  // Client mode: connected when it returns.
  static absl::StatusOr<Endpoint> Connect(const std::string& path,
                                          FrontendOptions options,
                                          Deadline deadline);
  // Server mode: listens; Reconnect waits for the first back-end.
  static absl::StatusOr<Endpoint> Listen(const std::string& path,
                                         FrontendOptions options);

  bool server() const { return listener_.has_value(); }
  bool connected() const { return frontend_ != nullptr; }

  // REQUIRES: connected().
  Frontend& frontend();

  // Ends the session. The listener stays, and so does the path to connect to.
  void Disconnect() { frontend_.reset(); }

  // Ends the session if there is one, and starts another: accepts the next
  // back-end, or connects once more. Nothing is remembered of the old one.
  absl::Status Reconnect(Deadline deadline);

  // Whether the back-end is there, as peeking tells. In server mode a session
  // whose back-end is gone ends, and a back-end that waits to be accepted is.
  bool UpdateLink();

  // What becomes readable when there is something to do: the listener while
  // nobody is connected in server mode, else the connection; -1 without both.
  int InterruptFd() const;

  // Both rings of a pair, by two SET_VRING_ENABLE; nothing is sent for a pair
  // that is in that state already, or while disconnected.
  Reply<Done> EnableQueuePair(std::uint32_t pair, bool on);

  // SET_MEM_TABLE of the regions that the segments make.
  Reply<Done> SetMemory(std::span<const MemorySegment> segments);

  // What this side adds to the virtio features of the device: bit 30.
  static constexpr std::uint64_t OwnFeatures() {
    return Mask(protocol::VirtioFeature::PROTOCOL_FEATURES);
  }

 private:
  Endpoint(std::string path, FrontendOptions options)
      : path_(std::move(path)), options_(options) {}

  std::string path_;
  FrontendOptions options_;
  std::optional<UnixListener> listener_;  // server mode only
  std::unique_ptr<Frontend> frontend_;    // null while disconnected
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_ENDPOINT_H_
