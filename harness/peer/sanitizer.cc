#include "harness/peer/sanitizer.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace vuspec {
namespace {

struct Mark {
  ReportKind kind;
  const char* text;
};

// In order of precedence where several stand on one line: what a sanitizer
// says about memory that ran out is about memory, not about a bug.
constexpr Mark kMarks[] = {
    {ReportKind::kOutOfMemory, "Sanitizer: out-of-memory"},
    {ReportKind::kOutOfMemory, "Sanitizer: out of memory"},
    {ReportKind::kOutOfMemory, "Sanitizer: allocation-size-too-big"},
    {ReportKind::kOutOfMemory, "Sanitizer failed to allocate"},
    {ReportKind::kAddressSanitizer, "ERROR: AddressSanitizer"},
    {ReportKind::kAddressSanitizer, "ERROR: HWAddressSanitizer"},
    {ReportKind::kLeakSanitizer, "ERROR: LeakSanitizer"},
    {ReportKind::kThreadSanitizer, "WARNING: ThreadSanitizer"},
    {ReportKind::kThreadSanitizer, "ERROR: ThreadSanitizer"},
    {ReportKind::kMemorySanitizer, "WARNING: MemorySanitizer"},
    {ReportKind::kUndefinedBehavior, "UndefinedBehaviorSanitizer"},
    {ReportKind::kUndefinedBehavior, ": runtime error: "},
    {ReportKind::kOutOfMemory, "std::bad_alloc"},
    {ReportKind::kOutOfMemory, "memory allocation of "},
    {ReportKind::kOutOfMemory, "failed to allocate"},
    {ReportKind::kOutOfMemory, "Failed to allocate"},
    {ReportKind::kOutOfMemory, "annot allocate memory"},
    {ReportKind::kOutOfMemory, "ut of memory"},
    {ReportKind::kRustPanic, "panicked at "},
    {ReportKind::kAssertion, "Assertion `"},
    {ReportKind::kAssertion, "assertion failed: "},
    {ReportKind::kAssertion, "*** stack smashing detected ***"},
    {ReportKind::kAssertion, "*** buffer overflow detected ***"},
    {ReportKind::kAssertion, "terminate called "},
    {ReportKind::kAssertion, "double free or corruption"},
    {ReportKind::kAssertion, "free(): invalid"},
    {ReportKind::kAssertion, "malloc(): "},
    {ReportKind::kAssertion, "PANIC in "},
};

constexpr std::size_t kReportLinesMax = 12;

std::string Lines(const std::string& text, std::size_t at) {
  const std::size_t newline = text.rfind('\n', at);
  const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
  std::size_t end = start;
  for (std::size_t i = 0; i < kReportLinesMax && end < text.size(); ++i) {
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  }
  while (end > start && text[end - 1] == '\n') --end;
  return text.substr(start, end - start);
}

}  // namespace

std::string_view ToString(ReportKind kind) {
  switch (kind) {
    case ReportKind::kAddressSanitizer:
      return "AddressSanitizer";
    case ReportKind::kLeakSanitizer:
      return "LeakSanitizer";
    case ReportKind::kThreadSanitizer:
      return "ThreadSanitizer";
    case ReportKind::kMemorySanitizer:
      return "MemorySanitizer";
    case ReportKind::kUndefinedBehavior:
      return "UndefinedBehaviorSanitizer";
    case ReportKind::kRustPanic:
      return "Rust panic";
    case ReportKind::kAssertion:
      return "assertion";
    case ReportKind::kOutOfMemory:
      return "out of memory";
  }
  return "?";
}

std::optional<CrashReport> FindCrashReport(const std::string& text) {
  std::size_t first = std::string::npos;
  ReportKind kind = ReportKind::kAssertion;
  std::size_t first_line = std::string::npos;
  for (const Mark& mark : kMarks) {
    const std::size_t at = text.find(mark.text);
    if (at == std::string::npos) continue;
    const std::size_t newline = text.rfind('\n', at);
    const std::size_t line = newline == std::string::npos ? 0 : newline + 1;
    // The earliest line wins, and on one line the earlier row.
    if (first == std::string::npos || line < first_line) {
      first = at;
      first_line = line;
      kind = mark.kind;
    }
  }
  if (first == std::string::npos) return std::nullopt;
  return CrashReport{.kind = kind, .text = Lines(text, first)};
}

}  // namespace vuspec
