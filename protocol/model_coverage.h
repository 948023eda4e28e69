// Which states of the session model were visited, and what was sent there.
//
// A state, for this purpose, is a Stage: how far a session has come, as a
// message finds it. A step is a message sent in a stage, with the stage that
// followed.
//
// Contract: pure, no allocation but in the lists of names; copyable.
//
// Spec: "Ring states", "Communication".
#ifndef VUSPEC_PROTOCOL_MODEL_COVERAGE_H_
#define VUSPEC_PROTOCOL_MODEL_COVERAGE_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message_spec.h"
#include "protocol/session_model.h"

namespace vuspec::protocol {

enum class Stage : std::uint8_t {
  kUnowned,      // before SET_OWNER
  kNegotiating,  // before SET_FEATURES
  // Then by the two bits of a ring.
  kStoppedDisabled,
  kStoppedEnabled,
  kStartedDisabled,
  kStartedEnabled,
};
inline constexpr std::size_t kStageCount = 6;

// "started enabled"
std::string_view ToString(Stage stage);

// For a message that names this ring; without one, of the ring that came
// furthest.
Stage StageOf(const SessionModel& model, std::optional<std::uint32_t> ring);

struct ModelStep {
  Stage before = Stage::kUnowned;
  std::uint32_t request = 0;
  Stage after = Stage::kUnowned;

  bool operator==(const ModelStep&) const = default;
};

class ModelCoverage {
 public:
  // A request that the document does not define is not counted.
  void Note(const ModelStep& step);
  void Merge(const ModelCoverage& other) { seen_ |= other.seen_; }

  bool Contains(const ModelStep& step) const;
  // Whether the message was sent in that stage, whatever came of it.
  bool Contains(Stage stage, std::uint32_t request) const;

  std::size_t pair_count() const;        // stages x messages
  std::size_t transition_count() const;  // of AllTransitions()

  // As numbers, for records; Add is Note for one of them, and ignores what is
  // no number of a step.
  std::vector<std::uint32_t> Numbers() const;
  void Add(std::uint32_t number);

  bool operator==(const ModelCoverage&) const = default;

 private:
  static constexpr std::size_t kRequestMax = 63;
  static_assert(kRequestMax >=
                static_cast<std::uint32_t>(Request::GET_SHMEM_CONFIG));

  std::bitset<(kRequestMax + 1) * kStageCount * kStageCount> seen_;
};

// Stages x messages of the front-end.
std::size_t AllPairCount();

// Every step that the model allows and that leads to another stage, found by
// trying each message in each stage.
const std::vector<ModelStep>& AllTransitions();

// "GET_VRING_BASE when started enabled": what was never sent, and
// "GET_VRING_BASE: started enabled to stopped enabled": what never happened.
std::vector<std::string> UnseenPairs(const ModelCoverage& coverage);
std::vector<std::string> UnseenTransitions(const ModelCoverage& coverage);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_MODEL_COVERAGE_H_
