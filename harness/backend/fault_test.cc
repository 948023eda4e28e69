// Each defect changes what a front-end sees: a probe that the correct mock
// passes fails.
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "harness/backend/fault.h"
#include "harness/backend/fault_probe.h"
#include "harness/backend/mock_server.h"
#include "harness/backend/test_frontend.h"
#include "protocol/ambiguity.h"
#include "protocol/requirement.h"

namespace vuspec {

struct FaultProbe {
  Fault fault;
  Probe probe;  // false with the fault
  std::string device;
  absl::Status possible;
};

std::ostream& operator<<(std::ostream& out, const FaultProbe& row) {
  return out << Describe(row.fault).name;
}

namespace {

std::vector<FaultProbe> AllProbes() {
  std::vector<FaultProbe> all;
  for (const auto& rows :
       {RingProbes(), RingStateProbes(), MemoryProbes(), MessageProbes(),
        SessionProbes(), InFlightProbes(), PostcopyProbes(), GpuProbes()}) {
    for (const auto& [probe, faults, device, possible] : rows) {
      for (const Fault fault : faults) {
        all.push_back({fault, probe, std::string(device), possible});
      }
    }
  }
  return all;
}

class FaultTest : public testing::TestWithParam<FaultProbe> {};

TEST_P(FaultTest, IsSeenByAProbeThatTheCorrectMockPasses) {
  if (!GetParam().possible.ok()) GTEST_SKIP() << GetParam().possible;
  AskedFaults asked{};
  {
    const TestServer correct(GetParam().device, {}, &asked);
    EXPECT_TRUE(GetParam().probe(correct));
  }
  // fault_matrix relies on it: who is not asked about a defect is without it.
  EXPECT_TRUE(asked[static_cast<std::size_t>(GetParam().fault)]);
  const TestServer faulty(GetParam().device, FaultSet(GetParam().fault));
  EXPECT_FALSE(GetParam().probe(faulty));
}

INSTANTIATE_TEST_SUITE_P(All, FaultTest, testing::ValuesIn(AllProbes()),
                         [](const auto& param_info) {
                           return std::string(
                               Describe(param_info.param.fault).name);
                         });

TEST(FaultNamesTest, AreFoundWithAndWithoutTheirPrefix) {
  for (const FaultRow& row : AllFaults()) {
    EXPECT_EQ(FindFault(row.name), row.fault);
    EXPECT_EQ(FindFault("k" + std::string(row.name)), row.fault);
    EXPECT_FALSE(row.text.empty());
  }
  EXPECT_EQ(FindFault("NoSuchFault"), std::nullopt);
  EXPECT_EQ(FindFault(""), std::nullopt);
}

TEST(FaultRowsTest, LegalBehaviourNamesWhatAllowsItAndNoCase) {
  for (const FaultRow& row : AllFaults()) {
    if (row.allowed_by.empty()) continue;
    EXPECT_TRUE(protocol::FindAmbiguity(row.allowed_by) ||
                protocol::FindRequirement(row.allowed_by))
        << row.name;
    EXPECT_EQ(row.must, "") << row.name;
  }
}

TEST(FaultNamesTest, OnesThatEndAProcessAreRefusedByAThread) {
  for (const FaultRow& row : AllFaults()) {
    EXPECT_EQ(FaultSet(row.fault).process_only(), row.process_only);
  }
  const auto server = MockServer::Start(
      {.device = "blk", .faults = FaultSet(Fault::kExitsOnRefusal)},
      "/nowhere/vu.sock");
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace vuspec
