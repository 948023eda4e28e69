#include "harness/peer/sanitizer.h"

#include <algorithm>
#include <ostream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec {
namespace {

struct Sample {
  const char* text;
  ReportKind kind;
};

// For the names that GoogleTest prints.
void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.text; }

class CrashReports : public testing::TestWithParam<Sample> {};

TEST_P(CrashReports, AreRecognised) {
  const auto report =
      FindCrashReport(std::string("log line\n") + GetParam().text + "\nend\n");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(ToString(report->kind), ToString(GetParam().kind));
  EXPECT_EQ(report->text, std::string(GetParam().text) + "\nend");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, CrashReports,
    testing::Values(
        Sample{"==1==ERROR: AddressSanitizer: heap-buffer-overflow on 0x1",
               ReportKind::kAddressSanitizer},
        Sample{"==1==ERROR: LeakSanitizer: detected memory leaks",
               ReportKind::kLeakSanitizer},
        Sample{"WARNING: ThreadSanitizer: data race (pid=1)",
               ReportKind::kThreadSanitizer},
        Sample{"==1==WARNING: MemorySanitizer: use-of-uninitialized-value",
               ReportKind::kMemorySanitizer},
        Sample{"a.cc:3:9: runtime error: signed integer overflow",
               ReportKind::kUndefinedBehavior},
        Sample{"==1==ERROR: AddressSanitizer: allocation-size-too-big: "
               "requested allocation size 0x1",
               ReportKind::kOutOfMemory},
        Sample{"==1==ERROR: AddressSanitizer: out of memory: allocator",
               ReportKind::kOutOfMemory},
        Sample{"thread 'vring' panicked at src/lib.rs:1:2:",
               ReportKind::kRustPanic},
        Sample{"a: b.c:9: f: Assertion `x > 0' failed.",
               ReportKind::kAssertion},
        Sample{"ERROR:b.c:9:f: assertion failed: (x > 0)",
               ReportKind::kAssertion},
        Sample{"terminate called after throwing an instance of 'X'",
               ReportKind::kAssertion},
        Sample{"terminate called after throwing an instance of "
               "'std::bad_alloc'",
               ReportKind::kOutOfMemory},
        Sample{"memory allocation of 68719476736 bytes failed",
               ReportKind::kOutOfMemory},
        Sample{"GLib-ERROR **: gmem.c:1: failed to allocate 9 bytes",
               ReportKind::kOutOfMemory}));

TEST(CrashReport, PlainLogsHoldNone) {
  EXPECT_EQ(FindCrashReport(""), std::nullopt);
  EXPECT_EQ(FindCrashReport("vhost: error: bad request 99\nclosing\n"),
            std::nullopt);
}

TEST(CrashReport, TheEarliestWins) {
  const auto report = FindCrashReport(
      "x: runtime error: y\n==1==ERROR: AddressSanitizer: SEGV\n");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->kind, ReportKind::kUndefinedBehavior);
}

TEST(CrashReport, ALongReportIsCut) {
  std::string text = "==1==ERROR: AddressSanitizer: SEGV";
  for (int i = 0; i < 50; ++i) text += "\n    #frame";
  const auto report = FindCrashReport(text);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(std::count(report->text.begin(), report->text.end(), '\n'), 11);
}

TEST(CrashReport, OnlySanitizersAreSanitizers) {
  EXPECT_TRUE((CrashReport{.kind = ReportKind::kUndefinedBehavior, .text = ""})
                  .IsSanitizer());
  EXPECT_FALSE(
      (CrashReport{.kind = ReportKind::kRustPanic, .text = ""}).IsSanitizer());
}

}  // namespace
}  // namespace vuspec
