// Holds the house rules that a machine can check: see README.md. Each test
// collects every breach as "path: why", so that one run shows them all.
#include <regex.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

constexpr std::string_view kRoot = VU_SOURCE_DIR;
constexpr std::size_t kLineCountMax = 400;

// A room may include itself and the rooms above it. Rooms of the same rank are
// listed in the order of harness/CMakeLists.txt.
constexpr std::array kOrder = {
    "protocol",         "harness/transport", "harness/memory",
    "harness/ring",     "harness/peer",      "harness/backend",
    "harness/frontend", "harness/device",    "harness/session",
    "harness/report",   "harness/suite",     "harness/cli",
    "conformance"};

struct Ban {
  const char* pattern;
  const char* why;
  std::set<std::string> allowed;
};

const std::vector<Ban>& Bans() {
  static const std::vector<Ban> bans = {
      {R"(\b(u|nano|clock_nano)?sleep(_for|_until)?\s*\()",
       "sleeping is no synchronisation: use a fence or a deadline",
       {}},
      {"\\b(TO"
       "DO|FIX"
       "ME|XX"
       "X)\\b",
       "finish it, or put it in an issue",
       {}},
      {R"(\breinterpret_cast\b)",
       "copy bytes instead (byte_cursor.h, shared_access.h)",
       // Memory that another process writes; the sockaddr of the kernel.
       {"harness/memory/shared_access.h", "harness/transport/unix_socket.cc",
        "harness/transport/unix_socket_test.cc",
        "harness/peer/peer_test_child.cc"}},
  };
  return bans;
}

// An extended regular expression of the C library: std::regex takes minutes for
// the whole tree when it is instrumented.
class Pattern {
 public:
  explicit Pattern(const char* text) {
    EXPECT_EQ(::regcomp(&regex_, text, REG_EXTENDED | REG_NOSUB), 0) << text;
  }
  ~Pattern() { ::regfree(&regex_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool IsIn(const std::string& line) const {
    return ::regexec(&regex_, line.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t regex_;
};

std::string ReadFile(const std::string& path) {
  std::ifstream in(fs::path(kRoot) / path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The tracked files; without git (an unpacked release), all files but build/.
std::vector<std::string> TreeFiles() {
  std::vector<std::string> files;
  const std::string command =
      "git -C '" + std::string(kRoot) + "' ls-files 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"),
                                                   pclose);
  std::array<char, 4096> line{};
  while (pipe && std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
    std::string path(line.data());
    if (path.ends_with('\n')) path.pop_back();
    if (fs::exists(fs::path(kRoot) / path)) files.push_back(path);
  }
  if (!files.empty()) return files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot)) {
    const std::string path = fs::relative(entry.path(), kRoot).string();
    if (entry.is_regular_file() && !path.starts_with("build/")) {
      files.push_back(path);
    }
  }
  return files;
}

bool IsSource(std::string_view path) {
  return path.ends_with(".cc") || path.ends_with(".h");
}

std::vector<std::string> Sources() {
  std::vector<std::string> sources = TreeFiles();
  std::erase_if(sources, [](const auto& path) { return !IsSource(path); });
  return sources;
}

// The lines of a file without comments; strings are kept.
std::vector<std::string> CodeLines(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream in(ReadFile(path));
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line.substr(0, line.find("//")));
  }
  return lines;
}

std::vector<std::string> QuotedIncludes(const std::string& path) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*\"([^\"]+)\")");
  std::vector<std::string> includes;
  for (const std::string& line : CodeLines(path)) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) includes.push_back(match[1]);
  }
  return includes;
}

int RankOf(std::string_view path) {
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    if (path.starts_with(std::string(kOrder[i]) + "/")) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

bool IsTest(std::string_view path) {
  return path.find("test") != std::string_view::npos;
}

TEST(Tidy, SeesTheTree) {
  // Every other test passes on an empty list, so this one must not.
  EXPECT_THAT(Sources(), testing::Contains("protocol/codec.cc"));
  EXPECT_THAT(QuotedIncludes("protocol/codec.cc"),
              testing::Contains("protocol/codec.h"));
  EXPECT_EQ(RankOf("protocol/codec.cc"), 0);
}

TEST(Tidy, ProtocolIncludesTheStandardLibraryAndItself) {
  static const std::regex kAngled(R"(^\s*#\s*include\s*<([^>]+)>)");
  std::vector<std::string> wrong;
  for (const std::string& path : Sources()) {
    if (!path.starts_with("protocol/") || IsTest(path)) continue;
    for (const std::string& include : QuotedIncludes(path)) {
      if (!include.starts_with("protocol/")) {
        wrong.push_back(path + ": includes " + include);
      }
    }
    for (const std::string& line : CodeLines(path)) {
      std::smatch match;
      // Headers of the C++ standard library have no path and no suffix.
      if (std::regex_search(line, match, kAngled) &&
          match[1].str().find_first_of("./") != std::string::npos) {
        wrong.push_back(path + ": includes <" + match[1].str() + ">");
      }
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Tidy, RoomsIncludeOnlyRoomsAboveThem) {
  std::vector<std::string> wrong;
  for (const std::string& path : Sources()) {
    const int rank = RankOf(path);
    for (const std::string& include : QuotedIncludes(path)) {
      if (include.starts_with("conformance/") &&
          !path.starts_with("conformance/")) {
        wrong.push_back(path + ": nobody includes " + include);
      } else if (rank >= 0 && !IsTest(path) && RankOf(include) > rank) {
        wrong.push_back(path + ": includes " + include + " from below");
      }
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Tidy, NoSourceFileIsTooLong) {
  std::vector<std::string> wrong;
  for (const std::string& path : Sources()) {
    const std::string text = ReadFile(path);
    const auto count = std::ranges::count(text, '\n');
    if (static_cast<std::size_t>(count) > kLineCountMax) {
      wrong.push_back(path + ": " + std::to_string(count) + " lines");
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Tidy, NobodyWritesWhatIsBanned) {
  std::vector<std::string> wrong;
  for (const Ban& ban : Bans()) {
    const Pattern pattern(ban.pattern);
    for (const std::string& path : Sources()) {
      if (ban.allowed.contains(path) || path == "harness/tidy/tidy_test.cc") {
        continue;
      }
      std::istringstream in(ReadFile(path));
      std::size_t number = 0;
      for (std::string line; std::getline(in, line);) {
        ++number;
        if (!pattern.IsIn(line)) continue;
        wrong.push_back(path + ":" + std::to_string(number) + ": " + ban.why);
      }
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

TEST(Tidy, EveryBanFindsWhatItBans) {
  const std::array lines = {"  usleep(10);",
                            "// TO"
                            "DO: later",
                            "auto p = reinterpret_cast<char*>(x);"};
  ASSERT_EQ(Bans().size(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_TRUE(Pattern(Bans()[i].pattern).IsIn(lines[i])) << lines[i];
  }
}

TEST(Tidy, EveryRoomHasAReadme) {
  std::set<std::string> rooms;
  std::vector<std::string> wrong;
  for (const std::string& path : TreeFiles()) {
    if (path.ends_with("/CMakeLists.txt")) {
      rooms.insert(fs::path(path).parent_path().string());
    }
  }
  for (const std::string& room : rooms) {
    if (room == "harness" || room.starts_with("scripts/")) continue;
    if (!fs::exists(fs::path(kRoot) / room / "README.md")) {
      wrong.push_back(room + ": no README.md");
    }
  }
  EXPECT_THAT(wrong, IsEmpty());
}

// A .cc that no CMakeLists.txt of its folder lists is not built; a .h that
// nobody includes is not used.
TEST(Tidy, NoSourceFileIsDead) {
  std::set<std::string> included;
  for (const std::string& path : TreeFiles()) {
    if (!IsSource(path) && !path.ends_with(".def")) continue;
    for (const std::string& name : QuotedIncludes(path)) included.insert(name);
  }
  std::map<fs::path, std::string> lists;
  std::vector<std::string> wrong;
  for (const std::string& path : Sources()) {
    if (path.ends_with(".h")) {
      if (!included.contains(path)) wrong.push_back(path + ": not included");
      continue;
    }
    const fs::path folder = fs::path(path).parent_path();
    std::string& list = lists[folder];
    if (list.empty()) {
      list = ReadFile((folder / "CMakeLists.txt").string()) +
             ReadFile((folder.parent_path() / "CMakeLists.txt").string()) +
             ReadFile("scripts/cmake/VuTargets.cmake");
    }
    const std::string name = fs::path(path).filename().string();
    const std::regex listed(
        R"((^|[\s/(]))" +
        std::regex_replace(name, std::regex(R"(\.)"), R"(\.)") +
        R"(([\s)]|$))");
    if (!std::regex_search(list, listed)) wrong.push_back(path + ": not built");
  }
  EXPECT_THAT(wrong, IsEmpty());
}

}  // namespace
