// One line on standard error that tells how far a run is, on a terminal only.
//
// Contract: writes nothing unless the stream is an interactive terminal; the
// line is gone after Clear() and at destruction. Not thread-safe.
#ifndef VUSPEC_HARNESS_REPORT_PROGRESS_H_
#define VUSPEC_HARNESS_REPORT_PROGRESS_H_

#include <cstddef>
#include <cstdio>
#include <string>

#include "harness/report/result.h"
#include "harness/report/terminal.h"

namespace vuspec {

class Progress {
 public:
  // `stream` is borrowed.
  Progress(std::FILE* stream, Terminal terminal, std::size_t selected);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void OnStart(const std::string& id);
  void OnDone(const CaseResult& result, std::size_t done);
  void Clear();

  // "[ 12/318] 2 not as expected  RingLifecycle.GetVringBaseStopsTheRing"
  std::string Line() const;

 private:
  void Show();

  std::FILE* stream_;
  Terminal terminal_;
  std::size_t selected_;
  std::size_t done_ = 0;
  std::size_t bad_count_ = 0;
  std::string current_;
  bool shown_ = false;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_PROGRESS_H_
