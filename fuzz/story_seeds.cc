// Seeds of stories: sessions of a front-end, and lives of a ring.
#include <array>
#include <initializer_list>
#include <string_view>

#include "fuzz/frontend_input.h"
#include "fuzz/operations.h"
#include "fuzz/ring_arena.h"
#include "fuzz/seeds.h"
#include "fuzz/split_ring_run.h"

namespace vuspec::fuzz {
namespace {

using Buffer = std::vector<std::uint8_t>;
using Op = FrontendOperation;
using Step = RingStep;

// Options of a front-end seed: acks wherever possible, right answers at the
// end, and how far the prologue goes.
constexpr std::uint8_t kRightAtEnd = 8;
constexpr std::uint8_t kAcks = 1;
constexpr std::uint8_t kGpu = 4;
// The third byte of the protocol features: all but XEN_MMAP, with which memory
// tables look different.
constexpr std::uint8_t kNoXenMmap = 0x7d;

Buffer Head(Prologue prologue, std::uint8_t options = 0) {
  return {static_cast<std::uint8_t>(options | kRightAtEnd | kAcks |
                                    static_cast<unsigned>(prologue) << 4),
          0x33,
          0xff,
          0xff,
          kNoXenMmap,
          0};
}

class Story {
 public:
  explicit Story(Buffer head) : bytes_(std::move(head)) {}

  Story& Do(Op operation, std::initializer_list<std::uint8_t> bytes = {}) {
    return Add(static_cast<std::uint8_t>(operation), bytes);
  }
  Story& Get(Delivery delivery,
             std::initializer_list<std::uint8_t> bytes = {}) {
    return Add(static_cast<std::uint8_t>(kDeliveryBit |
                                         static_cast<unsigned>(delivery)),
               bytes);
  }
  Story& Do(Step step, std::initializer_list<std::uint8_t> bytes = {}) {
    return Add(static_cast<std::uint8_t>(step), bytes);
  }

  Seed Named(std::string_view name) const {
    return {std::string(name), bytes_};
  }

 private:
  Story& Add(std::uint8_t kind, std::initializer_list<std::uint8_t> bytes) {
    AppendRecord(bytes_, kind, Bytes(std::data(bytes), bytes.size()));
    return *this;
  }

  Buffer bytes_;
};

struct OperationName {
  Op operation;
  std::string_view name;
};
constexpr std::array kOperationNames = {
#define VU_FUZZ_NAME(name, parameters) OperationName{Op::name, #name},
    VU_FUZZ_FRONTEND_OPERATIONS(VU_FUZZ_NAME)
#undef VU_FUZZ_NAME
};

// Sixteen descriptors, event_idx and indirect, base 0.
Buffer DeviceHead() { return {4, kEventIdxOption | kIndirectOption, 0, 0}; }
Buffer DriverHead() {
  return {kDriverBit | 4, kEventIdxOption | kIndirectOption, 0, 0};
}

// A descriptor of the table (or, from 0x80 on, of the indirect one) with 16
// bytes of the low buffers.
Story& Descriptor(Story& story, std::uint8_t index, std::uint8_t flags,
                  std::uint8_t next) {
  constexpr auto kLow = static_cast<std::uint8_t>(Part::kBuffersLow);
  return story.Do(Step::kDescriptor, {index, 0, kLow << 4, 16, 0, flags, next});
}

constexpr std::uint8_t kNext = 1;
constexpr std::uint8_t kWrite = 2;
constexpr std::uint8_t kIndirect = 4;

}  // namespace

std::vector<Seed> FrontendTableSeeds() {
  std::vector<Seed> seeds;
  for (const OperationName& row : kOperationNames) {
    const std::string name(row.name.substr(1));
    seeds.push_back(Story(Head(Prologue::kMemory))
                        .Do(row.operation)
                        .Named(name + "-plain"));
    seeds.push_back(Story(Head(Prologue::kRunning, kGpu))
                        .Do(row.operation, {0, 0, 1, 0, 1, 0, 0, 0, 1})
                        .Named(name + "-ones"));
    seeds.push_back(Story(Head(Prologue::kRunning))
                        .Do(row.operation)
                        .Get(Delivery::kRight, {1, 0, 4, 2})
                        .Do(Op::kFence)
                        .Named(name + "-bad-answer"));
    seeds.push_back(Story(Head(Prologue::kMemory))
                        .Do(row.operation, {1, 1, 1, 1, 1, 1, 1, 1})
                        .Get(Delivery::kValue, {0x85, 2, 1})
                        .Named(name + "-nack"));
  }
  seeds.push_back(Story(Head(Prologue::kNone))
                      .Do(Op::kNegotiate, {255, 255, 255, 255, 255, 255, 255,
                                           255, 255, 255, 127})
                      .Do(Op::kGetQueueNum)
                      .Named("negotiate-all"));
  seeds.push_back(Story(Head(Prologue::kRunning))
                      .Do(Op::kGetVringBase)
                      .Do(Op::kPostcopyAdvise)
                      .Do(Op::kPostcopyListen)
                      .Do(Op::kSetMemTable, {1, 2})
                      .Do(Op::kPostcopyEnd)
                      .Named("postcopy"));
  seeds.push_back(Story(Head(Prologue::kMemory))
                      .Do(Op::kAddMemReg, {3})
                      .Do(Op::kAddMemReg, {5})
                      .Do(Op::kRemMemReg, {3})
                      .Named("memory-slots"));
  seeds.push_back(Story(Head(Prologue::kRunning))
                      .Do(Op::kFence)
                      .Get(Delivery::kSilence)
                      .Do(Op::kFence)
                      .Named("silence"));
  seeds.push_back(Story(Head(Prologue::kRunning))
                      .Do(Op::kFence)
                      .Get(Delivery::kRight, {5, 0})
                      .Get(Delivery::kEnd)
                      .Do(Op::kFence)
                      .Do(Op::kFence)
                      .Named("end-of-stream"));
  seeds.push_back(Story(Head(Prologue::kRunning))
                      .Do(Op::kPostcopyAdvise)
                      .Get(Delivery::kRight, {0, 255})
                      .Named("flood-of-descriptors"));
  return seeds;
}

std::vector<Seed> SplitRingSeeds() {
  std::vector<Seed> seeds;
  const auto device = [&](std::string_view name, auto&& write) {
    Story story(DeviceHead());
    write(story);
    story.Do(Step::kMakeAvail).Do(Step::kPop, {3}).Do(Step::kPush, {0, 0, 16});
    story.Do(Step::kShouldSignal).Do(Step::kSetNotifications, {1});
    seeds.push_back(story.Named("device-" + std::string(name)));
  };
  device("one", [](Story& s) { Descriptor(s, 0, kWrite, 0); });
  device("chain", [](Story& s) {
    Descriptor(s, 0, kNext, 1);
    Descriptor(s, 1, kNext | kWrite, 2);
    Descriptor(s, 2, kWrite, 0);
  });
  device("self-loop", [](Story& s) { Descriptor(s, 0, kNext, 0); });
  device("next-beyond", [](Story& s) { Descriptor(s, 0, kNext, 200); });
  device("readable-after-writable", [](Story& s) {
    Descriptor(s, 0, kNext | kWrite, 1);
    Descriptor(s, 1, 0, 0);
  });
  device("indirect", [](Story& s) {
    Descriptor(s, 0, kIndirect, 0);
    Descriptor(s, 0x80, 0, 0);
  });
  device("indirect-with-next",
         [](Story& s) { Descriptor(s, 0, kIndirect | kNext, 1); });
  device("nested-indirect", [](Story& s) {
    Descriptor(s, 0, kIndirect, 0);
    Descriptor(s, 0x80, kIndirect, 0);
  });
  device("unmapped", [](Story& s) {
    s.Do(Step::kDescriptor, {0, 0xff, 0x3f, 16, 0, 0, 0});
  });
  device("across-regions", [](Story& s) {
    s.Do(Step::kDescriptor, {0, 0xf8, 0x31, 16, 0, kWrite, 0});
  });
  device("past-the-end", [](Story& s) {
    s.Do(Step::kDescriptor, {0, 0xf8, 0x41, 16, 0, kWrite, 0});
  });
  device("index-too-far", [](Story& s) { s.Do(Step::kMoveIndex, {17}); });
  device("head-beyond", [](Story& s) { s.Do(Step::kMakeAvail, {16}); });
  device("flag-flips", [](Story& s) {
    Descriptor(s, 0, kNext, 1);
    Descriptor(s, 1, 0, 0);
    s.Do(Step::kFlip, {3, 0, 28, 0, 7, 0});
  });
  device("index-flips", [](Story& s) {
    Descriptor(s, 0, 0, 0);
    s.Do(Step::kFlip, {0, 1, 2, 0, 9, 0}).Do(Step::kRebind);
  });
  seeds.push_back({"device-hostile-place", {4, 0, 1, 0}});

  const auto driver = [&](std::string_view name, auto&& use) {
    Story story(DriverHead());
    story.Do(Step::kAddChain, {0, 16, 0x90}).Do(Step::kAddChain, {1, 8, 0x88});
    story.Do(Step::kPublishChains).Do(Step::kNeedsKick);
    use(story);
    story.Do(Step::kPopUsed, {3}).Do(Step::kArmInterrupt);
    seeds.push_back(story.Named("driver-" + std::string(name)));
  };
  driver("one", [](Story& s) { s.Do(Step::kUse, {0, 16}); });
  driver("backwards", [](Story& s) {
    s.Do(Step::kUse, {1, 8}).Do(Step::kUse, {0, 16});
  });
  driver("too-long", [](Story& s) { s.Do(Step::kUse, {0, 17}); });
  driver("twice",
         [](Story& s) { s.Do(Step::kUse, {0}).Do(Step::kUsedElement); });
  driver("not-a-head", [](Story& s) { s.Do(Step::kUsedElement, {1}); });
  driver("id-beyond", [](Story& s) { s.Do(Step::kUsedElement, {16}); });
  driver("index-too-far", [](Story& s) { s.Do(Step::kMoveIndex, {3}); });
  driver("flags", [](Story& s) {
    s.Do(Step::kWrite, {0, 0, 0, 2}).Do(Step::kCheckUsedFlags);
  });
  return seeds;
}

}  // namespace vuspec::fuzz
