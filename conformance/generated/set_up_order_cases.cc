// All orders of the messages that set up a ring: it starts once its size, its
// base and its addresses are known; the rest may come before or after.
#include <algorithm>
#include <array>
#include <string>

#include "conformance/generated/generated.h"
#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Req;
using protocol::Request;

constexpr std::array kMessages = {
    Request::SET_VRING_NUM,  Request::SET_VRING_ADDR,
    Request::SET_VRING_BASE, Request::SET_VRING_KICK,
    Request::SET_VRING_CALL, Request::SET_VRING_ENABLE};
using Order = std::array<Request, kMessages.size()>;

bool StartsLate(const Order& order) {
  const auto at = [&order](Request request) {
    return std::find(order.begin(), order.end(), request);
  };
  const auto start = at(Request::SET_VRING_KICK);
  return at(Request::SET_VRING_NUM) < start &&
         at(Request::SET_VRING_ADDR) < start &&
         at(Request::SET_VRING_BASE) < start;
}

class SetUpOrder : public ConformanceCase {
 public:
  explicit SetUpOrder(Request first) : first_(first) {}

  // The first order on a new ring, the others after a stop.
  void TestBody() override {
    Session& session = StartSession();
    SessionRing& ring = BeginDevice(session);
    bool fresh = true;
    Order order = kMessages;
    std::sort(order.begin(), order.end());
    do {
      if (order.front() != first_ || !StartsLate(order)) continue;
      CurrentCase().CountPoint();
      if (!fresh) Stop(ring);
      for (const Request request : order) {
        SendSetUp(session.frontend(), ring, request);
      }
      if (fresh) Require(session.driver()->Prepare(session));
      fresh = false;
      CompleteOne(session);
    } while (std::next_permutation(order.begin(), order.end()));
  }

 private:
  // Every ring but the one of requests, which is left to the case.
  static SessionRing& BeginDevice(Session& session) {
    const DeviceProfile& profile = session.driver()->profile();
    for (const std::uint32_t queue : profile.queues) {
      if (queue != profile.io_queue) Require(session.StartRing(queue));
    }
    return *Require(session.MakeRing(profile.io_queue));
  }

  static void Stop(SessionRing& ring) {
    Require(ring.Stop());
    Require(ring.Enable(false));
  }

  const Request first_;
};

int RegisterOrders() {
  for (const Request first : kMessages) {
    if (first == Request::SET_VRING_KICK) continue;
    const std::string name(Spec(first).name);
    RegisterGenerated(
        {.id = "SetUpOrder." + name + "_First",
         .cites = {Req::RING_16, Req::RING_03},
         .needs = {.virtio = Mask(protocol::VirtioFeature::PROTOCOL_FEATURES),
                   .io = true},
         .summary = "a ring runs after every order of its set-up that begins "
                    "with " +
                    name},
        __FILE__, __LINE__, [first] { return new SetUpOrder(first); });
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterOrders();

}  // namespace
}  // namespace vuspec
