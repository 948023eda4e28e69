#include "harness/report/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>

#include <cstdlib>

#include "harness/report/progress.h"
#include "harness/report/report_examples.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {
namespace {

// The two ends of a terminal; what is written to `stream` is read by Output.
class FakeTerminal {
 public:
  FakeTerminal() {
    int ours = -1;
    int theirs = -1;
    EXPECT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
    ours_.reset(ours);
    stream_ = ::fdopen(theirs, "w");
  }
  ~FakeTerminal() { std::fclose(stream_); }
  std::FILE* stream() { return stream_; }
  std::string Output() {
    std::fflush(stream_);
    char block[4096];
    const ssize_t got = ::read(ours_.get(), block, sizeof(block));
    return got > 0 ? std::string(block, static_cast<std::size_t>(got)) : "";
  }

 private:
  UniqueFd ours_;
  std::FILE* stream_ = nullptr;
};

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() {
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
  }
  FakeTerminal fake_;
};

TEST_F(TerminalTest, TerminalHasColoursAndFilesHaveNone) {
  EXPECT_TRUE(Terminal::ForStream(fake_.stream()).interactive);
  EXPECT_TRUE(Terminal::ForStream(fake_.stream()).colour);
  std::FILE* file = std::tmpfile();
  EXPECT_FALSE(Terminal::ForStream(file).interactive);
  EXPECT_FALSE(Terminal::ForStream(file).colour);
  std::fclose(file);
}

TEST_F(TerminalTest, NoColorIsHonouredUnlessEmpty) {
  ::setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(Terminal::ForStream(fake_.stream()).colour);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(Terminal::ForStream(fake_.stream()).colour);
  EXPECT_TRUE(Terminal::ForStream(fake_.stream()).interactive);
  ::unsetenv("NO_COLOR");
}

TEST_F(TerminalTest, DumbAndUnknownTerminalsGetPlainLines) {
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(Terminal::ForStream(fake_.stream()).interactive);
  EXPECT_FALSE(Terminal::ForStream(fake_.stream()).colour);
  ::unsetenv("TERM");
  EXPECT_FALSE(Terminal::ForStream(fake_.stream()).interactive);
}

TEST_F(TerminalTest, ProgressIsDrawnOverAndWipedOnATerminal) {
  {
    Progress progress(fake_.stream(), Terminal{true, false}, 12);
    progress.OnStart("Ring.Stops");
    EXPECT_EQ(fake_.Output(), "\r\x1b[K[   0/12] Ring.Stops");
    progress.OnDone(ExampleCase("Ring.Stops", Verdict::kFail), 1);
    EXPECT_EQ(fake_.Output(),
              "\r\x1b[K[   1/12] 1 not as expected  Ring.Stops");
  }
  EXPECT_EQ(fake_.Output(), "\r\x1b[K");
}

TEST_F(TerminalTest, ProgressNeverFillsTheRow) {
  Progress progress(fake_.stream(), Terminal{}, 12);
  progress.OnStart(std::string(200, 'x'));
  EXPECT_EQ(progress.Line().size(), 79u);
}

TEST(Progress, WritesNothingWithoutATerminal) {
  std::FILE* file = std::tmpfile();
  {
    Progress progress(file, Terminal{}, 12);
    progress.OnStart("Ring.Stops");
    progress.OnDone(ExampleCase("Ring.Stops", Verdict::kFail), 1);
  }
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

TEST(Paint, ColoursOnlyWhenAsked) {
  EXPECT_EQ(Terminal{}.Paint(Verdict::kFail, "x"), "x");
  EXPECT_EQ((Terminal{true, true}.Paint(Verdict::kFail, "x")),
            "\x1b[31mx\x1b[0m");
  EXPECT_NE((Terminal{true, true}.Paint(Verdict::kPass, "x")),
            (Terminal{true, true}.Paint(Verdict::kFail, "x")));
}

TEST(Printable, KeepsTextAndShowsTheRest) {
  EXPECT_EQ(Printable("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(Printable("\x1b[31m\r\x07"), "\\x1b[31m\\x0d\\x07");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\x7f"), "\\x7f");
  EXPECT_EQ(Printable("\u00e4\u20ac\U0001f600"), "\u00e4\u20ac\U0001f600");
}

TEST(Printable, RefusesWhatIsNotUtf8) {
  EXPECT_EQ(Printable("\xff"), "\\xff");
  EXPECT_EQ(Printable("\xc0\x80"), "\\xc0\\x80");           // overlong
  EXPECT_EQ(Printable("\xe2\x82"), "\\xe2\\x82");           // cut off
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");  // C1: a CSI of its own
  EXPECT_EQ(Printable("\xef\xbf\xbf"), "\\xef\\xbf\\xbf");  // not in XML
}

TEST(Lines, IndentAndLast) {
  EXPECT_EQ(Indent("a\nb", "  "), "  a\n  b\n");
  EXPECT_EQ(Indent("a\n", "  "), "  a\n");
  EXPECT_EQ(Indent("", "  "), "");
  EXPECT_EQ(LastLines("a\nb\nc\n", 2), "b\nc");
  EXPECT_EQ(LastLines("a\nb\nc", 3), "a\nb\nc");
  EXPECT_EQ(LastLines("a\nb", 9), "a\nb");
  EXPECT_EQ(LastLines("\na", 1), "a");
  EXPECT_EQ(LastLines("\na", 2), "\na");
  EXPECT_EQ(LastLines("a", 0), "");
  EXPECT_EQ(LastLines("", 2), "");
}

}  // namespace
}  // namespace vuspec
