#include "conformance/kit/leak_case.h"

#include "harness/suite/context.h"

namespace vuspec {
namespace {

// A pool grows with the load and shrinks in its own time: what leaks a thread
// per repetition passes it by far.
constexpr int kPoolThreads = 32;

bool More(const ResourceUse& now, const ResourceUse& before) {
  return now.fd_count > before.fd_count ||
         now.shared_mapping_count > before.shared_mapping_count ||
         now.thread_count > before.thread_count + kPoolThreads;
}

}  // namespace

std::optional<ResourceUse> LeakCase::Idle() {
  for (int i = 0; i < 2 && has_io(); ++i) {
    CompleteOne(StartDevice());
    Disconnect();
  }
  StartSession();
  Disconnect();
  return CurrentRun().peer().Resources();
}

void LeakCase::ExpectNoMoreThan(const ResourceUse& before) {
  const Deadline deadline = CurrentRun().ForAnswer();
  std::optional<ResourceUse> now;
  // Each further session gives a peer with threads of its own a turn.
  do {
    StartSession();
    Disconnect();
    now = CurrentRun().peer().Resources();
    if (!now) return;
  } while (More(*now, before) && !deadline.Reached());
  EXPECT_FALSE(More(*now, before))
      << "now: " << now->ToString() << "; before: " << before.ToString();
}

}  // namespace vuspec
