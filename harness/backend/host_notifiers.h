// Host notifiers: a page for each ring, into which a driver writes the index of
// the ring instead of kicking it. The front-end maps it into the guest.
//
// A page is looked at in every turn of the mock, which is turned often while
// there are notifiers: that stands for hardware that sees the write by itself.
//
// Contract: one thread; never blocks. Asks through the channel only; a notifier
// that is refused is not offered again before the next start of its ring.
//
// Spec: VHOST_USER_BACKEND_VRING_HOST_NOTIFIER_MSG.
#ifndef VUSPEC_HARNESS_BACKEND_HOST_NOTIFIERS_H_
#define VUSPEC_HARNESS_BACKEND_HOST_NOTIFIERS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "harness/backend/fault.h"
#include "harness/backend/request_channel.h"
#include "harness/transport/unique_fd.h"
#include "protocol/payloads.h"

namespace vuspec {

class HostNotifiers {
 public:
  HostNotifiers(const FaultSet& fault, std::uint32_t ring_count)
      : fault_(fault), registered_(ring_count, false) {}

  // Registers the notifier of a ring that started, and takes back that of one
  // that stopped, as far as the channel lets it.
  void Follow(std::uint32_t index, bool started, RequestChannel& channel);

  // Nothing else tells when a driver writes: somebody has to look soon.
  bool polling() const {
    return std::find(registered_.begin(), registered_.end(), true) !=
           registered_.end();
  }

  // Whether the ring was notified since the last call.
  bool TakeRung(std::uint32_t index);

 private:
  bool MakeFile();
  protocol::VringArea AreaOf(std::uint32_t index) const;

  const FaultSet& fault_;
  UniqueFd file_;  // one page for each ring
  std::vector<bool> registered_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_HOST_NOTIFIERS_H_
