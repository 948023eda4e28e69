// A descriptor chain as the device sees it: resolved, bounded, in local memory.
//
// Contract: reused from chain to chain, so that taking one allocates nothing
// once the largest was seen. The spans point into shared memory and live until
// the memory table changes; their bytes are read by CopyIn and written by
// CopyOut. A buffer that crosses regions has a span for each.
#ifndef VUSPEC_HARNESS_RING_SPLIT_CHAIN_H_
#define VUSPEC_HARNESS_RING_SPLIT_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vuspec {

class Chain {
 public:
  using Span = std::span<std::byte>;

  // Table index of the first descriptor: what Push takes.
  std::uint16_t head() const { return head_; }

  std::span<const Span> readable() const {
    return std::span(spans_).first(readable_count_);
  }
  std::span<const Span> writable() const {
    return std::span(spans_).subspan(readable_count_);
  }
  // Bytes of each kind; together at most 4 GiB.
  std::uint64_t readable_size() const { return readable_size_; }
  std::uint64_t writable_size() const { return writable_size_; }

 private:
  friend class SplitDevice;

  void Start(std::uint16_t head) {
    head_ = head;
    spans_.clear();
    readable_count_ = 0;
    readable_size_ = 0;
    writable_size_ = 0;
  }
  // REQUIRES: no readable span after a writable one.
  void Append(Span span, bool device_writable) {
    spans_.push_back(span);
    if (device_writable) {
      writable_size_ += span.size();
    } else {
      ++readable_count_;
      readable_size_ += span.size();
    }
  }

  std::uint16_t head_ = 0;
  std::vector<Span> spans_;  // the readable ones first
  std::size_t readable_count_ = 0;
  std::uint64_t readable_size_ = 0;
  std::uint64_t writable_size_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_SPLIT_CHAIN_H_
