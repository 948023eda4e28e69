// A back-end that dies, hangs or leaks in the middle of a section: the verdicts
// name the cases and what was sent last, and the rest of the run goes on.
#include <ostream>
#include <string>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "conformance/program/whole_program.h"
#include "gmock/gmock.h"

namespace vuspec {
namespace {

using testing::HasSubstr;

struct Section {
  const char* suite;
  const char* request;
  const char* device = "blk";
};

std::ostream& operator<<(std::ostream& out, const Section& section) {
  return out << section.suite << " at " << section.request;
}

constexpr Section kSections[] = {
    {"BackendChannels", "SET_BACKEND_REQ_FD"},
    {"ConfigSpace", "GET_CONFIG"},
    {"ConfigWrite", "SET_CONFIG"},
    {"CrossEndian", "SET_VRING_ENDIAN"},
    {"CryptoSession", "CREATE_CRYPTO_SESSION"},
    {"DeviceState", "SET_DEVICE_STATE_FD"},
    {"DirtyLog", "SET_LOG_BASE"},
    {"InFlightArea", "GET_INFLIGHT_FD"},
    {"Inband", "VRING_KICK"},
    {"IotlbMessages", "IOTLB_MSG"},
    {"MemorySlots", "ADD_MEM_REG"},
    {"Mtu", "NET_SET_MTU", "net"},
    {"Rarp", "SEND_RARP", "net"},
    {"ResetDevice", "RESET_DEVICE"},
    {"ResetOwner", "RESET_OWNER"},
    {"SharedObject", "GET_SHARED_OBJECT"},
    {"Shmem", "GET_SHMEM_CONFIG"},
    {"Status", "SET_STATUS"},
    {"VringBase", "GET_VRING_BASE"},
};

struct Kind {
  const char* name;
  const char* verdict;
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) {
  return out << kind.name;
}

constexpr Kind kKinds[] = {
    {"dies", "CRASH"}, {"hangs", "HANG"}, {"leaks", "LEAK"}};

class MishapInASection
    : public WholeProgram,
      public testing::WithParamInterface<std::tuple<Section, Kind>> {};

TEST_P(MishapInASection, IsNamedAndTheRunGoesOn) {
  const auto& [section, kind] = GetParam();
  const std::string suite = absl::StrCat(section.suite, ".");
  const Ended ended =
      Run({suite + "*", "Header.Repl*", "--deadline-ms", "60", "--device",
           section.device, "--", VUSPEC_PROGRAM, "serve", "--socket",
           "{socket}", "--device", section.device, "--mishap",
           absl::StrCat(kind.name, "@", section.request)});
  EXPECT_EQ(ended.code, 3) << ended.out;
  const nlohmann::json report = Report();
  EXPECT_EQ(report["summary"]["not_run"], 0);
  int named_count = 0;
  for (const auto& result : report["cases"]) {
    const std::string id = result["id"];
    const std::string verdict = result["verdict"];
    if (!absl::StartsWith(id, suite)) {
      EXPECT_EQ(verdict, "PASS") << id;
    }
    if (verdict != kind.verdict) continue;
    ++named_count;
    // A death comes at once; a hang and a leak are seen some messages later.
    const char* where = verdict == "CRASH" ? "reason" : "transcript";
    EXPECT_THAT(result[where], HasSubstr(section.request)) << id;
  }
  EXPECT_GE(named_count, 1) << ended.out;
}

std::string NameOf(
    const testing::TestParamInfo<MishapInASection::ParamType>& test) {
  const auto& [section, kind] = test.param;
  return absl::StrCat(section.request, "_", kind.name);
}

INSTANTIATE_TEST_SUITE_P(Sections, MishapInASection,
                         testing::Combine(testing::ValuesIn(kSections),
                                          testing::ValuesIn(kKinds)),
                         NameOf);

class LeakOfEverySession : public WholeProgram {};

// Or it would be the verdict of every case, each of which would wait for the
// peer to let go; and the peer would run out of descriptors on the way.
TEST_F(LeakOfEverySession, IsToldOnce) {
  const Ended ended =
      Run({"Header.*", "--deadline-ms", "60", "--device", "blk", "--",
           VUSPEC_PROGRAM, "serve", "--socket", "{socket}", "--device", "blk",
           "--mishap", "leaks@GET_FEATURES"});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("every session leaves something behind"));
  const nlohmann::json summary = Report()["summary"];
  EXPECT_EQ(summary["leaked"], 1) << ended.out;
  EXPECT_EQ(summary["failed"], 0) << ended.out;
  EXPECT_EQ(summary["crashed"], 0) << ended.out;
  EXPECT_EQ(summary["hung"], 0) << ended.out;
}

}  // namespace
}  // namespace vuspec
