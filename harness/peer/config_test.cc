#include "harness/peer/config.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

ConfigFile Parsed(const std::string& text) {
  absl::StatusOr<ConfigFile> file = ConfigFile::Parse(text, "f.toml");
  EXPECT_TRUE(file.ok()) << file.status();
  return *std::move(file);
}

TEST(Config, ReadsEveryKindOfValue) {
  const ConfigFile file = Parsed(
      "s = 'text'\nb = true\ni = 42\nd = 2027-01-31\na = ['x', 'y']\n"
      "[t]\nk = 'v'\n[[l]]\nn = 1\n[[l]]\nn = 2\n");
  ConfigTable root = file.Root();
  EXPECT_EQ(root.String("s"), "text");
  EXPECT_EQ(root.Bool("b"), true);
  EXPECT_EQ(root.Integer("i", 0, 42), 42);
  EXPECT_EQ(root.Date("d")->ToString(), "2027-01-31");
  EXPECT_THAT(*root.Strings("a"), ElementsAre("x", "y"));
  EXPECT_THAT(*root.StringMap("t"), ElementsAre(Pair("k", "v")));
  auto list = root.Tables("l");
  ASSERT_TRUE(list && list->size() == 2);
  EXPECT_EQ((*list)[1].Integer("n", 0, 9), 2);
  EXPECT_TRUE(root.Finish().ok());
}

TEST(Config, AnAbsentKeyIsNoError) {
  const ConfigFile file = Parsed("");
  ConfigTable root = file.Root();
  EXPECT_EQ(root.String("s"), std::nullopt);
  EXPECT_FALSE(root.Table("t").has_value());
  EXPECT_TRUE(root.Finish().ok());
}

TEST(Config, AnUnknownKeyIsNamedWithItsPlaceAndTheKnownKeys) {
  const ConfigFile file = Parsed("known = 1\n  spellt = 2\n");
  ConfigTable root = file.Root();
  root.Integer("known", 0, 9);
  root.String("also");
  const absl::Status status = root.Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()),
            "f.toml:2:3: spellt: unknown key; known here: also, known");
}

TEST(Config, AForbiddenKeyFailsWhereItIsAndDoesNotBecomeKnown) {
  const ConfigFile file = Parsed("new = ['x',\n  'y']\n  old = 1\n");
  ConfigTable root = file.Root();
  EXPECT_EQ(root.WhereItem("new", 1), "f.toml:2:3");
  root.Forbid("older", "is gone");
  EXPECT_TRUE(root.Strings("new").has_value());
  root.Forbid("old", "write new");
  EXPECT_EQ(std::string(root.Finish().message()), "f.toml:3:3: old: write new");
}

TEST(Config, AnUnknownKeyOfANestedTableIsNamedByItsPath) {
  const ConfigFile file = Parsed("[outer]\nx = 1\n");
  ConfigTable root = file.Root();
  auto outer = root.Table("outer");
  ASSERT_TRUE(outer.has_value());
  EXPECT_THAT(std::string(outer->Finish().message()),
              HasSubstr("f.toml:2:1: outer.x: unknown key"));
}

TEST(Config, AWrongTypeSaysWhatItIsAndWhatItMustBe) {
  const ConfigFile file = Parsed("a = 1\n");
  ConfigTable root = file.Root();
  EXPECT_EQ(root.String("a"), std::nullopt);
  EXPECT_EQ(std::string(root.Finish().message()),
            "f.toml:1:5: a: must be a string, is an integer");
}

TEST(Config, AMixedArrayIsRefusedAtTheItem) {
  const ConfigFile file = Parsed("a = ['x', 2]\n");
  ConfigTable root = file.Root();
  EXPECT_EQ(root.Strings("a"), std::nullopt);
  EXPECT_THAT(std::string(root.Finish().message()),
              HasSubstr("f.toml:1:11: a: must be an array of strings"));
}

TEST(Config, IntegersHaveARange) {
  const ConfigFile file = Parsed("a = 10\n");
  ConfigTable root = file.Root();
  EXPECT_EQ(root.Integer("a", 0, 9), std::nullopt);
  EXPECT_THAT(std::string(root.Finish().message()),
              HasSubstr("must be from 0 to 9, is 10"));
}

TEST(Config, AChoiceListsWhatIsAllowed) {
  const ConfigFile file = Parsed("a = 'red'\nb = 'blue'\n");
  ConfigTable root = file.Root();
  EXPECT_EQ(root.Choice("b", {"green", "blue"}), 1);
  EXPECT_EQ(root.Choice("a", {"green", "blue"}), std::nullopt);
  EXPECT_THAT(std::string(root.Finish().message()),
              HasSubstr("must be one of green, blue; is \"red\""));
}

TEST(Config, ATableInThePlaceOfAListIsRefused) {
  const ConfigFile file = Parsed("[l]\nx = 1\n");
  ConfigTable root = file.Root();
  EXPECT_FALSE(root.Tables("l").has_value());
  EXPECT_THAT(std::string(root.Finish().message()),
              HasSubstr("must be written as [[l]]"));
}

TEST(Config, OnlyTheFirstErrorIsKept) {
  const ConfigFile file = Parsed("a = 1\nb = 2\n");
  ConfigTable root = file.Root();
  root.String("a");
  root.String("b");
  EXPECT_THAT(std::string(root.Finish().message()), HasSubstr("f.toml:1:"));
}

TEST(Config, TextThatIsNotTomlSaysWhere) {
  const absl::StatusOr<ConfigFile> file =
      ConfigFile::Parse("ok = 1\nbroken = = 2\n", "f.toml");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("f.toml:2:"));
}

TEST(Config, AMissingFileIsNotFoundAndAFolderIsNotRead) {
  EXPECT_EQ(ConfigFile::Load("/no/such.toml").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(ConfigFile::Load("/tmp").ok());
}

}  // namespace
}  // namespace vuspec
