// The registers and the cases agree, and the pages of the repository are those
// that the program makes of them.
#include <set>

#include "conformance/program/whole_program.h"
#include "gmock/gmock.h"

namespace vuspec {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

nlohmann::json Listed(const std::string& what) {
  const Ended ended = Vuspec({"list", "--" + what, "--json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  return nlohmann::json::parse(ended.out)[what];
}

TEST(Registers, EveryRequirementHasCasesOrAReason) {
  for (const nlohmann::json& row : Listed("requirements")) {
    EXPECT_NE(row["cases"].empty(), !row.contains("untested"))
        << row["id"] << ": write a case, or a row in protocol/untested.def";
  }
}

// Both ways.
TEST(Registers, EveryMessageAndFeatureHasCases) {
  const std::string page = Vuspec({"list", "--page", "coverage"}).out;
  EXPECT_THAT(page, HasSubstr("| GET_FEATURES |"));
  EXPECT_THAT(page, Not(HasSubstr("**"))) << page;
}

TEST(Registers, EveryAmbiguityHasCases) {
  for (const nlohmann::json& row : Listed("ambiguities")) {
    EXPECT_THAT(row["cases"], Not(IsEmpty())) << row["id"];
  }
}

TEST(Registers, PagesAreThoseOfTheProgram) {
  const std::pair<const char*, const char*> pages[] = {
      {"requirements", "conformance/REQUIREMENTS.md"},
      {"ambiguities", "docs/ambiguities.md"},
      {"coverage", "docs/coverage.md"},
  };
  for (const auto& [name, path] : pages) {
    EXPECT_TRUE(Vuspec({"list", "--page", name}).out ==
                ReadFile(std::string(VU_SOURCE_DIR) + "/" + path))
        << path << " is not what the tables say: if the change is meant, "
        << "scripts/golden rewrites it";
  }
}

}  // namespace
}  // namespace vuspec
