// The registers beside requirements.def: ambiguities, reasons, rules, coverage.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "protocol/ambiguity.h"
#include "protocol/coverage.h"
#include "protocol/rules.h"
#include "protocol/untested.h"

namespace vuspec::protocol {
namespace {

using testing::Contains;
using testing::IsEmpty;

std::string ReadFile(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Ambiguities, EachSaysWhatIsOpenAndWhatWeMakeOfIt) {
  ASSERT_GE(AllAmbiguities().size(), 25u);
  std::set<std::string_view> ids;
  for (const AmbiguityEntry& entry : AllAmbiguities()) {
    SCOPED_TRACE(entry.id);
    EXPECT_EQ(&Describe(entry.ambiguity), &entry);
    EXPECT_EQ(FindAmbiguity(entry.id), entry.ambiguity);
    EXPECT_TRUE(ids.insert(entry.id).second);
    EXPECT_TRUE(entry.id.starts_with("AMB-"));
    for (const std::string_view text :
         {entry.question, entry.allowed, entry.reading, entry.proposal}) {
      EXPECT_FALSE(text.empty());
      EXPECT_EQ(text.find('|'), std::string_view::npos);
    }
  }
  EXPECT_EQ(FindAmbiguity("AMB-no-such"), std::nullopt);
}

TEST(Untested, HasOneReasonForEach) {
  std::set<Req> seen;
  for (const UntestedRow& row : AllUntested()) {
    SCOPED_TRACE(Describe(row.req).id);
    EXPECT_TRUE(seen.insert(row.req).second) << "two reasons";
    EXPECT_FALSE(row.reason.empty());
    EXPECT_NE(ToString(row.why), "?");
    EXPECT_EQ(FindUntested(row.req)->reason, row.reason);
    EXPECT_EQ(row.why == WhyUntested::kFrontend,
              Describe(row.req).who == Who::kFrontend);
  }
}

TEST(Untested, SectionsExist) {
  for (const UntestedSection& row : AllUntestedSections()) {
    EXPECT_TRUE(std::ranges::any_of(AllRequirements(),
                                    [&](const Requirement& requirement) {
                                      return requirement.section == row.section;
                                    }))
        << row.section;
    EXPECT_FALSE(row.reason.empty());
  }
  EXPECT_EQ(FindUntested(Req::VP_05)->why, WhyUntested::kPackedRing);
  EXPECT_EQ(FindUntested(Req::HDR_01), std::nullopt);
}

TEST(Coverage, KnowsMessagesAndFeatures) {
  const MessageSpec& set_owner = Spec(Request::SET_OWNER);
  EXPECT_TRUE(IsAbout(Req::OWN_03, set_owner));
  EXPECT_FALSE(IsAbout(Req::OWN_05, set_owner));
  EXPECT_TRUE(IsAbout(Req::VNUM_03, Spec(Request::SET_VRING_NUM)));
  EXPECT_FALSE(IsAbout(Req::HDR_38, Spec(Request::RESET_OWNER)));
  EXPECT_TRUE(IsAbout(Req::CFG_01, ProtocolFeature::CONFIG));
  EXPECT_TRUE(IsAbout(Req::INB_01, ProtocolFeature::INBAND_NOTIFICATIONS));
  EXPECT_FALSE(IsAbout(Req::MEM_31, ProtocolFeature::CONFIG));
}

TEST(Rules, KnowRowsAndFiles) {
  EXPECT_THAT(RulesFor(Req::OWN_01), Contains("messages.def SET_OWNER"));
  EXPECT_THAT(RulesFor(Req::VNUM_03), Contains("session_rules.cc"));
  EXPECT_THAT(RulesFor(Req::VS_01), IsEmpty());
}

// VUSPEC_UPDATE_GOLDEN=1 rewrites the table.
TEST(Rules, AreTheCitationsOfTheSources) {
  static const std::regex kCitation("Req::([A-Z]+_[0-9]+)");
  std::set<std::pair<std::string, std::string>> rows;
  for (const auto& entry :
       std::filesystem::directory_iterator(VU_PROTOCOL_DIR)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".cc") || name.find("test") != std::string::npos) {
      continue;
    }
    const std::string text = ReadFile(entry.path());
    for (std::sregex_iterator it(text.begin(), text.end(), kCitation), end;
         it != end; ++it) {
      rows.emplace(name, (*it)[1]);
    }
  }
  std::string table =
      "// Which file of this room cites which requirement: see rules.h.\n"
      "// Made from the sources by VUSPEC_UPDATE_GOLDEN=1 protocol_test; do "
      "not "
      "edit.\n// clang-format off\n";
  for (const auto& [file, req] : rows) {
    table += "VU_RULE(\"" + file + "\", " + req + ")\n";
  }
  table += "// clang-format on\n";
  const std::string path = VU_PROTOCOL_DIR "/rules.def";
  if (std::getenv("VUSPEC_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << table;
  }
  EXPECT_EQ(table, ReadFile(path))
      << "if the change is meant: VUSPEC_UPDATE_GOLDEN=1, and build again";
}

}  // namespace
}  // namespace vuspec::protocol
