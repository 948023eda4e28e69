#include "protocol/model_coverage.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec::protocol {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint32_t Id(Request request) {
  return static_cast<std::uint32_t>(request);
}

ModelStep Stops(Stage before, Stage after) {
  return {before, Id(Request::GET_VRING_BASE), after};
}

TEST(StageOf, FollowsASessionFromItsOwnerToItsRings) {
  SessionModel model;
  EXPECT_EQ(StageOf(model, std::nullopt), Stage::kUnowned);
  model.ApplyRequest(MakeRequest(Request::SET_OWNER));
  EXPECT_EQ(StageOf(model, 0), Stage::kNegotiating);
  model.ApplyRequest(MakeRequest(Request::SET_FEATURES,
                                 U64{Mask(VirtioFeature::PROTOCOL_FEATURES)}));
  EXPECT_EQ(StageOf(model, 0), Stage::kStoppedDisabled);
  model.ApplyRequest(MakeRequest(Request::SET_VRING_ENABLE, VringState{1, 1}));
  EXPECT_EQ(StageOf(model, 0), Stage::kStoppedDisabled);
  EXPECT_EQ(StageOf(model, 1), Stage::kStoppedEnabled);
  EXPECT_EQ(StageOf(model, std::nullopt), Stage::kStoppedEnabled);
  EXPECT_EQ(StageOf(model, ~0u), Stage::kStoppedEnabled);
}

TEST(AllTransitions, AreThoseOfTheModel) {
  const auto& all = AllTransitions();
  EXPECT_THAT(all,
              Contains(Stops(Stage::kStartedEnabled, Stage::kStoppedEnabled)));
  EXPECT_THAT(all, Contains(ModelStep{Stage::kUnowned, Id(Request::SET_OWNER),
                                      Stage::kNegotiating}));
  EXPECT_THAT(all,
              Contains(ModelStep{Stage::kNegotiating, Id(Request::SET_FEATURES),
                                 Stage::kStoppedEnabled}));
  EXPECT_THAT(
      all, Contains(ModelStep{Stage::kStartedEnabled, Id(Request::RESET_DEVICE),
                              Stage::kStartedDisabled}));
  // Features other than LOG_ALL change while every ring is stopped.
  EXPECT_THAT(all, Not(Contains(ModelStep{Stage::kStartedDisabled,
                                          Id(Request::SET_FEATURES),
                                          Stage::kStartedEnabled})));
  for (const ModelStep& step : all) EXPECT_NE(step.before, step.after);
}

TEST(ModelCoverage, CountsPairsAndTransitionsOnce) {
  ModelCoverage coverage;
  EXPECT_EQ(coverage.pair_count(), 0u);
  EXPECT_EQ(coverage.transition_count(), 0u);
  coverage.Note(Stops(Stage::kStartedEnabled, Stage::kStoppedEnabled));
  coverage.Note(Stops(Stage::kStartedEnabled, Stage::kStoppedEnabled));
  // A refusal: the same pair, no transition.
  coverage.Note(Stops(Stage::kStartedEnabled, Stage::kStartedEnabled));
  EXPECT_EQ(coverage.pair_count(), 1u);
  EXPECT_EQ(coverage.transition_count(), 1u);
  EXPECT_THAT(UnseenPairs(coverage),
              Not(Contains("GET_VRING_BASE when started enabled")));
  EXPECT_THAT(UnseenPairs(coverage),
              Contains("GET_VRING_BASE when stopped enabled"));
  EXPECT_THAT(UnseenTransitions(coverage),
              Contains("GET_VRING_BASE: started disabled to stopped disabled"));
}

TEST(ModelCoverage, UndefinedRequestsDoNotCount) {
  ModelCoverage coverage;
  coverage.Note({Stage::kUnowned, 0, Stage::kUnowned});
  coverage.Note({Stage::kUnowned, 200, Stage::kUnowned});
  coverage.Add(~0u);
  EXPECT_EQ(coverage, ModelCoverage());
}

TEST(ModelCoverage, ComesBackFromItsNumbers) {
  ModelCoverage coverage;
  for (const ModelStep& step : AllTransitions()) coverage.Note(step);
  ModelCoverage back;
  for (const std::uint32_t number : coverage.Numbers()) back.Add(number);
  EXPECT_EQ(back, coverage);
  EXPECT_THAT(UnseenTransitions(back), IsEmpty());
}

TEST(ModelCoverage, MergesWhatOthersSaw) {
  ModelCoverage one;
  ModelCoverage two;
  one.Note(Stops(Stage::kStartedEnabled, Stage::kStoppedEnabled));
  two.Note(Stops(Stage::kStartedDisabled, Stage::kStoppedDisabled));
  one.Merge(two);
  EXPECT_EQ(one.pair_count(), 2u);
}

}  // namespace
}  // namespace vuspec::protocol
