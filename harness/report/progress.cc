#include "harness/report/progress.h"

#include "absl/strings/str_format.h"
#include "harness/report/summary.h"

namespace vuspec {
namespace {

// A longer line would wrap, and "\r" goes back to the start of one row only.
constexpr std::size_t kWidth = 79;

}  // namespace

Progress::Progress(std::FILE* stream, Terminal terminal, std::size_t selected)
    : stream_(stream), terminal_(terminal), selected_(selected) {}

Progress::~Progress() { Clear(); }

void Progress::OnStart(const std::string& id) {
  current_ = id;
  Show();
}

void Progress::OnDone(const CaseResult& result, std::size_t done) {
  done_ = done;
  if (NeedsAttention(result)) ++bad_count_;
  Show();
}

std::string Progress::Line() const {
  std::string line = absl::StrFormat("[%4d/%d] ", done_, selected_);
  if (bad_count_ > 0) {
    line += absl::StrFormat("%d not as expected  ", bad_count_);
  }
  return (line + current_).substr(0, kWidth);
}

void Progress::Show() {
  if (!terminal_.interactive) return;
  std::fprintf(stream_, "\r\x1b[K%s", Line().c_str());
  std::fflush(stream_);
  shown_ = true;
}

void Progress::Clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stream_);
  std::fflush(stream_);
  shown_ = false;
}

}  // namespace vuspec
