// In-flight areas in the hands of a front-end, and devices that lost their
// back-end while requests were in flight.
//
// What a back-end writes into its area is its own affair: the document offers
// a layout and demands none (AMB-inflight-layout). So a case that reads or
// forges a region asks RequestRegion first, and ends where there is none.
//
// Contract: failures of our world and of the exchange end the case.
#ifndef VUSPEC_CONFORMANCE_IN_FLIGHT_IN_FLIGHT_VERBS_H_
#define VUSPEC_CONFORMANCE_IN_FLIGHT_IN_FLIGHT_VERBS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "conformance/kit/fixture.h"
#include "harness/memory/mapping.h"
#include "harness/ring/in_flight_view.h"
#include "harness/session/session.h"
#include "protocol/features.h"

namespace vuspec {

inline constexpr std::uint64_t kInFlight =
    Mask(protocol::ProtocolFeature::INFLIGHT_SHMFD);
inline constexpr std::uint64_t kInFlightAtStop =
    kInFlight | Mask(protocol::ProtocolFeature::GET_VRING_BASE_INFLIGHT);

// An area that a back-end described, mapped here.
class SharedArea {
 public:
  explicit SharedArea(InflightArea area);

  const protocol::Inflight& description() const { return area_.description; }
  int fd() const { return area_.fd.get(); }
  std::span<std::byte> bytes() const { return mapping_.bytes(); }

  // Regions of equal size lie one behind the other. Ends the case where the
  // documented layout has no room (INFL-04).
  InFlightView region(std::uint32_t queue) const;

 private:
  InflightArea area_;
  Mapping mapping_;
};

// A device whose back-end is gone: requests are in its rings, and what became
// of them is in the region, where the case writes it.
struct Interruption {
  Session& session;
  SharedArea area;
  InFlightView region;  // of the ring of requests
  std::vector<IoRequest> requests;
  std::vector<std::uint16_t> heads;  // parallel to requests

  SessionRing& ring() const;

  // requests[i] was fetched and not used.
  void Mark(std::size_t i, std::uint64_t counter) const;
  // requests[i] is in the used ring; of the region nothing is said.
  void Use(std::size_t i) const;
};

class InFlightCase : public ConformanceCase {
 protected:
  Session& StartTracked(std::uint64_t features = kInFlight) {
    return StartSession({.protocol = kPlainProtocol | features});
  }

  // For every queue up to that of requests, of the usual size.
  static protocol::Inflight Wanted(Session& session);
  static SharedArea GetArea(Session& session);
  static void SetArea(Session& session, const SharedArea& area);
  // The area is shared, every ring runs, and one request completed.
  static SharedArea BringTracked(Session& session, const RingOptions& = {});

  // Where the back-end records the ring of requests. Nothing, and the case is
  // AMBIG, if its layout is not the document's. REQUIRES: the ring ran.
  static std::optional<InFlightView> RequestRegion(Session& session,
                                                   const SharedArea& area);

  // `count` requests are available when the back-end is gone, none in flight,
  // and the used index is `used_index`. Nothing as above.
  std::optional<Interruption> Interrupt(std::size_t count,
                                        std::uint16_t used_index = 1);
  // Rings come up as after the death of a back-end, with the used index for a
  // base. Nobody kicks.
  static void Recover(Session& session, const SharedArea& area);
  // So many completions, judged, in their order.
  static std::vector<std::uint16_t> AwaitHeads(const Interruption& lost,
                                               std::size_t count);
  // Every request that was not used before, and nothing else.
  void ExpectTheRestCompletesOnce(const Interruption& lost);
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_IN_FLIGHT_IN_FLIGHT_VERBS_H_
