#include "harness/session/model_watch.h"

#include <utility>

#include "gtest/gtest.h"
#include "harness/session/transcript.h"
#include "protocol/codec.h"

namespace vuspec {
namespace {

using protocol::Request;
using protocol::Stage;

class ModelWatchTest : public testing::Test {
 protected:
  void Send(ModelWatch& watch, Request request,
            protocol::Body body = protocol::Empty{}) {
    std::vector<std::byte> payload(protocol::EncodedSize(body));
    protocol::EncodeBody(body, payload);
    watch.OnSent({static_cast<std::uint32_t>(request), protocol::kVersion,
                  static_cast<std::uint32_t>(payload.size())},
                 payload, 0);
  }
  static bool Saw(ModelWatch& watch, Stage before, Request request,
                  Stage after) {
    return watch.coverage().Contains(
        {before, static_cast<std::uint32_t>(request), after});
  }

  Transcript transcript_;
};

TEST_F(ModelWatchTest, FollowsTheModelOfAFrontEnd) {
  ModelWatch watch(transcript_);
  protocol::SessionModel model;
  watch.Follow(model);
  Send(watch, Request::SET_OWNER);
  model.ApplyRequest(MakeRequest(Request::SET_OWNER));
  EXPECT_TRUE(
      Saw(watch, Stage::kUnowned, Request::SET_OWNER, Stage::kNegotiating));
  // Refused, as the model does not hear of it.
  Send(watch, Request::SET_FEATURES, protocol::U64{1});
  EXPECT_TRUE(Saw(watch, Stage::kNegotiating, Request::SET_FEATURES,
                  Stage::kNegotiating));
  EXPECT_FALSE(transcript_.empty());
}

TEST_F(ModelWatchTest, KeepsAModelWhereThereIsNone) {
  protocol::DeviceLimits limits;
  limits.virtio_features = Mask(protocol::VirtioFeature::PROTOCOL_FEATURES);
  ModelWatch watch(transcript_, limits);
  Send(watch, Request::SET_VRING_NUM, protocol::VringState{0, 256});
  Send(watch, Request::SET_OWNER);
  Send(watch, Request::SET_FEATURES, protocol::U64{*limits.virtio_features});
  EXPECT_TRUE(
      Saw(watch, Stage::kUnowned, Request::SET_VRING_NUM, Stage::kUnowned));
  EXPECT_TRUE(Saw(watch, Stage::kNegotiating, Request::SET_FEATURES,
                  Stage::kStoppedDisabled));
}

TEST_F(ModelWatchTest, PassesOverWhatHasNotTheRightShape) {
  ModelWatch watch(transcript_, {});
  Send(watch, Request::SET_OWNER, protocol::U64{0});
  watch.OnSent({200, protocol::kVersion, 0}, {}, 0);
  EXPECT_EQ(watch.coverage(), protocol::ModelCoverage());
}

}  // namespace
}  // namespace vuspec
