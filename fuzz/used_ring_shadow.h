// What a driver may believe of a used ring, kept beside the driver: which
// chains are out, how long their answers may be, and how many were shown.
#ifndef VUSPEC_FUZZ_USED_RING_SHADOW_H_
#define VUSPEC_FUZZ_USED_RING_SHADOW_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/property.h"
#include "fuzz/violation_properties.h"
#include "harness/ring/split_driver.h"
#include "protocol/result.h"

namespace vuspec::fuzz {

class UsedRingShadow {
 public:
  explicit UsedRingShadow(std::uint16_t queue_size)
      : writable_(queue_size), shown_(queue_size) {}

  void Add(std::uint16_t head, std::uint64_t writable_length) {
    VU_PROPERTY(head < writable_.size(), "a head is in the table");
    VU_PROPERTY(!writable_[head], "a head is used once at a time");
    writable_[head] = writable_length;
    shown_[head] = false;
    ++outstanding_;
  }

  void Publish() { std::fill(shown_.begin(), shown_.end(), true); }

  std::uint16_t outstanding() const { return outstanding_; }

  // The n-th outstanding head, round and round; 0 if there is none.
  std::uint16_t Pick(std::size_t n) const {
    if (outstanding_ == 0) return 0;
    n %= outstanding_;
    for (std::size_t head = 0;; ++head) {
      if (writable_[head] && n-- == 0) return static_cast<std::uint16_t>(head);
    }
  }

  void CheckPopped(const protocol::Result<std::optional<Completion>>& popped) {
    using protocol::Req;
    if (!popped.ok()) {
      constexpr std::array kRules = {Req::VS_10, Req::VS_12, Req::VS_15,
                                     Req::VS_16};
      CheckViolation(popped.violation());
      VU_PROPERTY(std::ranges::count(kRules, popped.violation().req) == 1,
                  "a completion is refused by a rule of the used ring");
      return;
    }
    if (!*popped) return;
    const Completion& done = **popped;
    VU_PROPERTY(done.head < writable_.size() && writable_[done.head],
                "what completes is outstanding");
    VU_PROPERTY(done.length <= *writable_[done.head],
                "no more is written than there is room");
    VU_PROPERTY(shown_[done.head], "what completes was shown");
    writable_[done.head].reset();
    --outstanding_;
  }

 private:
  std::vector<std::optional<std::uint64_t>> writable_;  // by head, if out
  std::vector<bool> shown_;                             // by head
  std::uint16_t outstanding_ = 0;
};

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_USED_RING_SHADOW_H_
