// The socket on which a GPU tells the front-end what to show.
//
// Ours shows nothing: it asks for the protocol features, as a GPU begins, and
// does not wait for the answer.
//
// Contract: one thread; never blocks, whatever the socket turns out to be, and
// raises no SIGPIPE. Closed with the session.
//
// Spec: VHOST_USER_GPU_SET_SOCKET; the vhost-user-gpu protocol, "Wire format".
#ifndef VUSPEC_HARNESS_BACKEND_GPU_SOCKET_H_
#define VUSPEC_HARNESS_BACKEND_GPU_SOCKET_H_

#include "harness/backend/backend_memory.h"
#include "harness/backend/fault.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class GpuSocket {
 public:
  // Both outlive the socket.
  GpuSocket(const FaultSet& fault, Hoard& hoard)
      : fault_(fault), hoard_(hoard) {}
  GpuSocket(GpuSocket&&) = delete;
  ~GpuSocket();

  // Instead of the one before. False where it is refused, as by a defect.
  bool Open(UniqueFd socket);

 private:
  void AskForFeatures(int socket) const;

  const FaultSet& fault_;
  Hoard& hoard_;
  UniqueFd socket_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_GPU_SOCKET_H_
