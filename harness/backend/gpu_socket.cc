#include "harness/backend/gpu_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace vuspec {
namespace {

constexpr std::uint32_t kGetProtocolFeatures = 1;
constexpr std::uint32_t kUndefinedRequest = 99;
constexpr std::uint32_t kReplyFlag = 4;
constexpr std::uint32_t kFeaturesSize = 8;

}  // namespace

GpuSocket::~GpuSocket() {
  if (socket_ && fault_(Fault::kGpuSocketLeaked)) {
    hoard_.fds.push_back(std::move(socket_));
  }
}

bool GpuSocket::Open(UniqueFd socket) {
  if (fault_(Fault::kGpuSocketRefused)) return false;
  if (socket_ && fault_(Fault::kGpuFirstSocketKept)) return true;
  if (socket_ && fault_(Fault::kGpuSecondSocketForgotten)) {
    hoard_.fds.push_back(std::move(socket));
    return true;
  }
  AskForFeatures(socket.get());
  if (!fault_(Fault::kGpuSocketDropped)) socket_ = std::move(socket);
  return true;
}

void GpuSocket::AskForFeatures(int socket) const {
  const bool unknown = fault_(Fault::kGpuRequestUnknown);
  const std::array<std::uint32_t, 3> header = {
      unknown ? kUndefinedRequest : kGetProtocolFeatures,
      fault_(Fault::kGpuSpeaksOutOfTurn) ? kReplyFlag : 0,
      fault_(Fault::kGpuSizeOverstated) ? kFeaturesSize : 0};
  const ssize_t sent = ::send(socket, header.data(), sizeof(header),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
  // A display that is full or gone is not told.
  const bool gone = sent < 0 && errno == EPIPE;
  if (gone && fault_(Fault::kGpuDiesOfClosedSocket)) {
    std::_Exit(128 + SIGPIPE);
  }
}

}  // namespace vuspec
