#include "harness/backend/in_flight.h"

#include <algorithm>
#include <vector>

namespace vuspec {
namespace {

using protocol::Relation;
using protocol::Req;
using protocol::Violation;

Violation Corrupt(std::string_view field, Relation relation,
                  std::uint64_t expected, std::uint64_t actual) {
  return {.req = Req::INFL_24,
          .subject = "in-flight region",
          .field = field,
          .offset = 0,
          .relation = relation,
          .expected = expected,
          .actual = actual};
}

}  // namespace

std::optional<Violation> InFlight::Attach(InFlightView region,
                                          std::uint16_t queue_size,
                                          std::uint16_t used_index) {
  Detach();
  if (region.empty()) return std::nullopt;
  if (queue_size > region.capacity() &&
      !fault_(Fault::kInFlightRegionNotBounded)) {
    return Corrupt("desc", Relation::kAtLeast, queue_size, region.capacity());
  }
  if (region.version() == 0) {
    region_ = region;
    Initialise(used_index);
    return std::nullopt;
  }
  if (const Refusal refusal = CheckHeader(region, queue_size)) return refusal;
  const auto behind =
      static_cast<std::uint16_t>(used_index - region.used_index());
  if (behind > region.capacity()) {
    // The driver began anew since; what was in flight is no more.
    region_ = region;
    Initialise(used_index);
    return std::nullopt;
  }
  if (const Refusal refusal = CheckBatch(region, behind)) return refusal;
  region_ = region;
  const bool wrapped = used_index < region.used_index();
  if (behind != 0 && !fault_(Fault::kInFlightBatchRepeated) &&
      !(wrapped && fault_(Fault::kInFlightBatchWrapMishandled))) {
    ForgetBatch(fault_(Fault::kInFlightBatchOfOne) ? 1u : behind);
  }
  region_.SetUsedIndex(used_index);
  CollectResubmissions(queue_size);
  return std::nullopt;
}

void InFlight::Detach() {
  region_ = {};
  counter_ = 0;
  resubmissions_.clear();
}

std::optional<Violation> InFlight::CheckHeader(const InFlightView& region,
                                               std::uint16_t queue_size) const {
  if (region.version() != kInFlightVersion) {
    return Corrupt("version", Relation::kEqual, kInFlightVersion,
                   region.version());
  }
  if (region.features() != 0) {
    return Corrupt("features", Relation::kEqual, 0, region.features());
  }
  if (region.entry_count() != region.capacity()) {
    return Corrupt("desc_num", Relation::kEqual, region.capacity(),
                   region.entry_count());
  }
  for (std::uint16_t head = queue_size; head < region.capacity(); ++head) {
    if (region.in_flight(head)) {
      return Corrupt("inflight", Relation::kBelow, queue_size, head);
    }
  }
  return std::nullopt;
}

std::optional<Violation> InFlight::CheckBatch(const InFlightView& region,
                                              std::uint32_t size) const {
  std::vector<bool> seen(region.capacity());
  std::uint16_t head = region.last_batch_head();
  for (std::uint32_t i = 0; i < size; ++i) {
    if (head >= region.capacity() || seen[head]) {
      return Corrupt(i == 0 ? "last_batch_head" : "next", Relation::kBelow,
                     region.capacity(), head);
    }
    seen[head] = true;
    head = region.next(head);
  }
  return std::nullopt;
}

void InFlight::Initialise(std::uint16_t used_index) {
  if (fault_(Fault::kInFlightNotInitialised)) return;
  for (std::uint16_t head = 0; head < region_.capacity(); ++head) {
    region_.SetInFlight(head, false);
  }
  region_.SetFeatures(0);
  region_.SetEntryCount(region_.capacity());
  region_.SetLastBatchHead(0);
  region_.SetUsedIndex(used_index);
  // Last: until then the region counts as never used.
  region_.SetVersion(kInFlightVersion);
}

void InFlight::ForgetBatch(std::uint32_t size) {
  std::uint16_t head = region_.last_batch_head();
  for (std::uint32_t i = 0; i < size && Records(head); ++i) {
    region_.SetInFlight(head, false);
    head = region_.next(head);
  }
}

void InFlight::CollectResubmissions(std::uint16_t queue_size) {
  const std::uint16_t size = std::min(queue_size, region_.capacity());
  for (std::uint16_t head = 0; head < size; ++head) {
    if (!region_.in_flight(head)) continue;
    resubmissions_.push_back(head);
    if (fault_(Fault::kInFlightCounterForgotten)) continue;
    counter_ = std::max(counter_, region_.counter(head) + 1);
  }
  if (fault_(Fault::kInFlightResubmittedByHead)) return;
  std::stable_sort(resubmissions_.begin(), resubmissions_.end(),
                   [this](std::uint16_t a, std::uint16_t b) {
                     return region_.counter(a) < region_.counter(b);
                   });
}

std::uint16_t InFlight::TakeResubmission() {
  const std::uint16_t head = resubmissions_.front();
  resubmissions_.pop_front();
  return head;
}

void InFlight::OnFetched(std::uint16_t head) {
  if (!Records(head) || fault_(Fault::kInFlightNotMarked)) return;
  region_.SetCounter(head, counter_);
  if (!fault_(Fault::kInFlightCounterStuck)) ++counter_;
  region_.SetInFlight(head, true);
}

void InFlight::OnUsing(std::uint16_t head) {
  if (!Records(head) || fault_(Fault::kInFlightBatchNotLinked)) return;
  region_.SetNext(head, region_.last_batch_head());
  region_.SetLastBatchHead(head);
}

void InFlight::OnUsed(std::uint16_t head, std::uint16_t used_index) {
  if (!Records(head)) return;
  if (!fault_(Fault::kInFlightNotCleared)) region_.SetInFlight(head, false);
  if (!fault_(Fault::kInFlightUsedIndexStale)) {
    region_.SetUsedIndex(used_index);
  }
}

}  // namespace vuspec
