#include "protocol/model_coverage.h"

#include <algorithm>
#include <array>

#include "protocol/codec.h"

namespace vuspec::protocol {
namespace {

constexpr std::array<std::string_view, kStageCount> kStageNames = {
    "unowned",         "negotiating",      "stopped disabled",
    "stopped enabled", "started disabled", "started enabled"};

constexpr std::array kAllStages = {
    Stage::kUnowned,        Stage::kNegotiating,     Stage::kStoppedDisabled,
    Stage::kStoppedEnabled, Stage::kStartedDisabled, Stage::kStartedEnabled};

constexpr std::uint64_t kBit30 = Mask(VirtioFeature::PROTOCOL_FEATURES);
constexpr std::uint64_t kVersion1 = Mask(VirtioFeature::VERSION_1);

std::uint32_t NumberOf(const ModelStep& step) {
  return static_cast<std::uint32_t>(
      (step.request * kStageCount + static_cast<std::size_t>(step.before)) *
          kStageCount +
      static_cast<std::size_t>(step.after));
}

ModelStep StepOf(std::uint32_t number) {
  constexpr std::uint32_t kStages = kStageCount;
  return {static_cast<Stage>(number / kStages % kStages),
          number / (kStages * kStages), static_cast<Stage>(number % kStages)};
}

// The rings of `model`, of which the first is configured, brought to `stage`.
SessionModel ModelAt(Stage stage) {
  DeviceLimits limits;
  limits.virtio_features = ~std::uint64_t{0};
  limits.protocol_features = kDefinedProtocolFeatures;
  SessionModel model(limits);
  const auto apply = [&model](Request request, Body body = Empty{}) {
    model.ApplyRequest(MakeRequest(request, std::move(body)));
  };
  if (stage == Stage::kUnowned) return model;
  apply(Request::SET_OWNER);
  // Without those that change how addresses and regions are written.
  apply(Request::SET_PROTOCOL_FEATURES,
        U64{kDefinedProtocolFeatures &
            ~Mask(ProtocolFeature::XEN_MMAP, ProtocolFeature::GPA_ADDRESSES)});
  if (stage == Stage::kNegotiating) return model;
  apply(Request::SET_FEATURES, U64{kBit30 | kVersion1});
  apply(Request::SET_VRING_NUM, VringState{0, 256});
  apply(Request::SET_VRING_ADDR, VringAddr{});
  if (stage >= Stage::kStartedDisabled) apply(Request::SET_VRING_KICK, U64{0});
  if (stage == Stage::kStoppedEnabled || stage == Stage::kStartedEnabled) {
    apply(Request::SET_VRING_ENABLE, VringState{0, 1});
  }
  return model;
}

// What a payload may say that makes a difference to the stage.
std::vector<Body> BodiesOf(const MessageSpec& spec, WireContext context) {
  const Payload payload = ResolvePayload(spec.payload, context);
  if (payload == Payload::kVringState)
    return {VringState{0, 0}, VringState{0, 1}};
  if (spec.effect == Effect::kSetFeatures) {
    return {U64{kVersion1}, U64{kBit30 | kVersion1}};
  }
  return {EmptyBodyOf(payload)};
}

std::vector<ModelStep> FindTransitions() {
  ModelCoverage found;
  std::vector<ModelStep> steps;
  for (const Stage stage : kAllStages) {
    for (const MessageSpec& spec : AllMessages(Channel::kMain)) {
      SessionModel model = ModelAt(stage);
      for (const Body& body : BodiesOf(spec, model.context())) {
        SessionModel tried = model;
        const Message message = {&spec, kVersion, body, 0};
        if (tried.CheckRequest(message)) continue;
        tried.ApplyRequest(message);
        const ModelStep step = {stage, spec.id,
                                StageOf(tried, RingIndex(message))};
        if (step.after == stage || found.Contains(step)) continue;
        found.Note(step);
        steps.push_back(step);
      }
    }
  }
  return steps;
}

std::string NameOf(std::uint32_t request) {
  return std::string(MessageName(Channel::kMain, request));
}

}  // namespace

std::string_view ToString(Stage stage) {
  return kStageNames[static_cast<std::size_t>(stage)];
}

Stage StageOf(const SessionModel& model, std::optional<std::uint32_t> ring) {
  if (!model.owned()) return Stage::kUnowned;
  if (!model.features()) return Stage::kNegotiating;
  const auto stage_of = [&model](std::uint32_t index) {
    const RingState& state = model.ring(index);
    if (state.started) {
      return state.enabled ? Stage::kStartedEnabled : Stage::kStartedDisabled;
    }
    return state.enabled ? Stage::kStoppedEnabled : Stage::kStoppedDisabled;
  };
  if (ring && *ring < kVringCountMax) return stage_of(*ring);
  Stage furthest = Stage::kStoppedDisabled;
  for (std::uint32_t i = 0; i < kVringCountMax; ++i) {
    furthest = std::max(furthest, stage_of(i));
  }
  return furthest;
}

void ModelCoverage::Note(const ModelStep& step) {
  if (FindMessage(Channel::kMain, step.request) == nullptr) return;
  seen_.set(NumberOf(step));
}

bool ModelCoverage::Contains(const ModelStep& step) const {
  return step.request <= kRequestMax && seen_.test(NumberOf(step));
}

bool ModelCoverage::Contains(Stage stage, std::uint32_t request) const {
  return std::any_of(kAllStages.begin(), kAllStages.end(), [&](Stage after) {
    return Contains(ModelStep{stage, request, after});
  });
}

std::size_t ModelCoverage::pair_count() const {
  return AllPairCount() - UnseenPairs(*this).size();
}

std::size_t ModelCoverage::transition_count() const {
  return AllTransitions().size() - UnseenTransitions(*this).size();
}

std::vector<std::uint32_t> ModelCoverage::Numbers() const {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t number = 0; number < seen_.size(); ++number) {
    if (seen_.test(number)) numbers.push_back(number);
  }
  return numbers;
}

void ModelCoverage::Add(std::uint32_t number) { Note(StepOf(number)); }

std::size_t AllPairCount() {
  return kStageCount * AllMessages(Channel::kMain).size();
}

const std::vector<ModelStep>& AllTransitions() {
  static const std::vector<ModelStep>& steps =
      *new std::vector<ModelStep>(FindTransitions());
  return steps;
}

std::vector<std::string> UnseenPairs(const ModelCoverage& coverage) {
  std::vector<std::string> unseen;
  for (const Stage stage : kAllStages) {
    for (const MessageSpec& spec : AllMessages(Channel::kMain)) {
      if (coverage.Contains(stage, spec.id)) continue;
      unseen.push_back(NameOf(spec.id) + " when " +
                       std::string(ToString(stage)));
    }
  }
  return unseen;
}

std::vector<std::string> UnseenTransitions(const ModelCoverage& coverage) {
  std::vector<std::string> unseen;
  for (const ModelStep& step : AllTransitions()) {
    if (coverage.Contains(step)) continue;
    unseen.push_back(NameOf(step.request) + ": " +
                     std::string(ToString(step.before)) + " to " +
                     std::string(ToString(step.after)));
  }
  return unseen;
}

}  // namespace vuspec::protocol
