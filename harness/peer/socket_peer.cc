#include "harness/peer/socket_peer.h"

#include "absl/strings/str_cat.h"
#include "harness/peer/dial.h"

namespace vuspec {

SocketPeer::SocketPeer(const std::string& socket_path)
    : socket_path_(socket_path), manifest_(ManifestForSocket(socket_path)) {}

absl::StatusOr<UniqueFd> SocketPeer::Connect(Deadline deadline) {
  return Dial(socket_path_, deadline);
}

absl::StatusOr<UniqueFd> SocketPeer::ConnectBeside(Deadline deadline) {
  return Dial(socket_path_, deadline);
}

absl::Status SocketPeer::Restart() {
  return absl::FailedPreconditionError(
      absl::StrCat("the peer at ", socket_path_, " was not started by vuspec"));
}

}  // namespace vuspec
