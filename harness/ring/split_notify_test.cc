// Who is to be kicked or notified when: the truth tables of both sides.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ring/ring_rig.h"

namespace vuspec {
namespace {

constexpr int kBases[] = {0, 1, 32767, 65528, 65531, 65535};

class SplitNotify : public testing::Test {
 protected:
  static void Add(RingRig& rig, int count) {
    const Segment segment = {GuestMemory::kDefaultGuestAddress, 8, true};
    for (int i = 0; i < count; ++i) {
      Require(rig.driver.AddChain({&segment, 1}));
    }
    rig.driver.Publish();
  }
  static void Serve(RingRig& rig, int count) {
    Chain chain;
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(Require(rig.device.Pop(chain)));
      rig.device.Stage(chain.head(), 0);
    }
    rig.device.Publish();
  }
};

TEST_F(SplitNotify, WithoutEventIdxTheUsedFlagDecidesAboutKicks) {
  RingRig rig({.queue_size = 8});
  EXPECT_FALSE(rig.driver.NeedsKick()) << "nothing is new";
  rig.driver.view().SetAvailEvent(0x7777);  // ignored
  Add(rig, 1);
  EXPECT_TRUE(rig.driver.NeedsKick());
  EXPECT_FALSE(rig.driver.NeedsKick()) << "told already";
  EXPECT_TRUE(rig.device.SetNotifications(false));
  Add(rig, 1);
  EXPECT_FALSE(rig.driver.NeedsKick());
  Serve(rig, 2);
  EXPECT_FALSE(rig.device.SetNotifications(true));
  Add(rig, 1);
  EXPECT_TRUE(rig.driver.NeedsKick());
}

TEST_F(SplitNotify, WithoutEventIdxTheAvailFlagDecidesAboutSignals) {
  RingRig rig({.queue_size = 8});
  Add(rig, 4);
  EXPECT_FALSE(rig.device.ShouldSignal()) << "nothing is new";
  rig.driver.SetUsedEvent(0x7777);  // ignored
  Serve(rig, 1);
  EXPECT_TRUE(rig.device.ShouldSignal());
  EXPECT_FALSE(rig.device.ShouldSignal()) << "told already";
  rig.driver.SuppressInterrupts(true);
  Serve(rig, 1);
  EXPECT_FALSE(rig.device.ShouldSignal());
  rig.driver.SuppressInterrupts(false);
  Serve(rig, 2);
  EXPECT_TRUE(rig.device.ShouldSignal());
}

TEST_F(SplitNotify, WithEventIdxAKickIsDueWhenTheEventIsPassed) {
  for (const int base : kBases) {
    for (int batch = 0; batch <= 6; ++batch) {
      for (int event = -2; event <= 8; ++event) {
        RingRig rig({.queue_size = 8,
                     .event_idx = true,
                     .base = static_cast<std::uint16_t>(base)});
        rig.driver.view().SetUsedFlags(VIRTQ_USED_F_NO_NOTIFY);  // ignored
        rig.driver.view().SetAvailEvent(
            static_cast<std::uint16_t>(base + event));
        Add(rig, batch);
        EXPECT_EQ(rig.driver.NeedsKick(), event >= 0 && event < batch)
            << "base " << base << " batch " << batch << " event " << event;
        EXPECT_FALSE(rig.driver.NeedsKick()) << "told already";
      }
    }
  }
}

TEST_F(SplitNotify, WithEventIdxASignalIsDueWhenTheEventIsPassed) {
  for (const int base : kBases) {
    for (int batch = 0; batch <= 6; ++batch) {
      for (int event = -2; event <= 8; ++event) {
        RingRig rig({.queue_size = 8,
                     .event_idx = true,
                     .base = static_cast<std::uint16_t>(base)});
        rig.driver.SuppressInterrupts(true);  // ignored
        rig.driver.SetUsedEvent(static_cast<std::uint16_t>(base + event));
        Add(rig, 8);
        Serve(rig, batch);
        EXPECT_EQ(rig.device.ShouldSignal(), event >= 0 && event < batch)
            << "base " << base << " batch " << batch << " event " << event;
        EXPECT_FALSE(rig.device.ShouldSignal()) << "told already";
      }
    }
  }
}

TEST_F(SplitNotify, ADeviceThatWantsKicksIsKickedForTheNextChain) {
  for (const bool event_idx : {false, true}) {
    RingRig rig({.queue_size = 8, .event_idx = event_idx, .base = 65533});
    for (int round = 0; round < 8; ++round) {
      EXPECT_FALSE(rig.device.SetNotifications(true));
      Add(rig, 3);
      EXPECT_TRUE(rig.driver.NeedsKick()) << round;
      EXPECT_TRUE(rig.device.SetNotifications(false)) << "chains wait";
      Add(rig, 1);
      EXPECT_FALSE(rig.driver.NeedsKick()) << round;
      EXPECT_TRUE(rig.device.SetNotifications(true));
      Serve(rig, 4);
      while (Require(rig.driver.PopUsed())) continue;
    }
  }
}

TEST_F(SplitNotify, AnArmedDriverIsNotifiedOfTheNextCompletion) {
  for (const bool event_idx : {false, true}) {
    RingRig rig({.queue_size = 8, .event_idx = event_idx, .base = 65534});
    for (int round = 0; round < 4; ++round) {
      Add(rig, 2);
      EXPECT_FALSE(rig.driver.ArmInterrupt());
      Serve(rig, 1);
      EXPECT_TRUE(rig.device.ShouldSignal());
      EXPECT_TRUE(rig.driver.ArmInterrupt()) << "one is there already";
      Serve(rig, 1);
      while (Require(rig.driver.PopUsed())) continue;
    }
  }
}

}  // namespace
}  // namespace vuspec
