// Every pair of protocol features, negotiated with what it needs and nothing
// else: the device works.
#include <string>

#include "conformance/generated/generated.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VirtioFeature;

constexpr unsigned kFeatureCount = 23;
static_assert(protocol::kDefinedProtocolFeatures ==
              (std::uint64_t{1} << kFeatureCount) - 1);

// With these, regions or addresses are written in a way of their own.
constexpr std::uint64_t kOtherAddresses =
    Mask(ProtocolFeature::XEN_MMAP, ProtocolFeature::GPA_ADDRESSES);

std::uint64_t WithNeeds(ProtocolFeature feature) {
  return Mask(feature) | protocol::Prerequisites(feature);
}

class FeaturePairs : public ConformanceCase {
 public:
  explicit FeaturePairs(std::uint64_t features) : features_(features) {}

  void TestBody() override {
    const bool plain = (features_ & kOtherAddresses) == 0;
    Session& session =
        StartSession({.protocol = features_, .share_memory = plain});
    EXPECT_EQ(session.negotiated().protocol, features_);
    EXPECT_THAT(session.frontend().SetVringNum(0, 256), Succeeds());
    EXPECT_THAT(session.frontend().Fence(), Succeeds());
    if (plain && has_io()) ExpectVerifiedIo(session);
  }

 private:
  const std::uint64_t features_;
};

int RegisterPairs() {
  for (unsigned low = 0; low < kFeatureCount; ++low) {
    for (unsigned high = low + 1; high < kFeatureCount; ++high) {
      const auto one = static_cast<ProtocolFeature>(low);
      const auto other = static_cast<ProtocolFeature>(high);
      const std::uint64_t features = WithNeeds(one) | WithNeeds(other);
      const std::string first(ToString(one));
      const std::string second(ToString(other));
      RegisterGenerated(
          {.id = "FeaturePairs." + first + "_and_" + second,
           .cites = {Req::PF_03, Req::PF_18, Req::RING_06},
           .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                     .protocol = features},
           .summary = "a device works with " + first + " and " + second},
          __FILE__, __LINE__,
          [features] { return new FeaturePairs(features); });
    }
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterPairs();

}  // namespace
}  // namespace vuspec
