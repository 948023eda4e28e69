#include "conformance/program/fault_baseline.h"

#include <sys/mman.h>

#include <new>

#include "conformance/program/fault_run.h"
#include "harness/suite/catalog.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

// Flags that a worker sets and we read.
class SharedFlags {
 public:
  SharedFlags() {
    void* memory = ::mmap(nullptr, sizeof(AskedFaults), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    VU_CHECK(memory != MAP_FAILED, "no memory for what the mock is asked");
    asked_ = new (memory) AskedFaults{};
  }
  ~SharedFlags() { ::munmap(asked_, sizeof(AskedFaults)); }
  SharedFlags(const SharedFlags&) = delete;
  SharedFlags& operator=(const SharedFlags&) = delete;

  AskedFaults& flags() { return *asked_; }

  // Those that were set since the last call.
  std::bitset<kFaultCount> Take() {
    std::bitset<kFaultCount> taken;
    for (std::size_t i = 0; i < kFaultCount; ++i) {
      taken[i] = (*asked_)[i].exchange(false);
    }
    return taken;
  }

 private:
  AskedFaults* asked_;
};

}  // namespace

FaultBaseline::FaultBaseline(std::string_view device, FaultSet faults) {
  SharedFlags asked;
  faults.NoteIn(asked.flags());
  Ids ids;
  for (const CaseInfo& info : AllCases()) ids.push_back(info.id);
  // By one worker, which rests while we are told of what it has done.
  RunPlan plan = PlanFor(device, ids, MockInThread(device, faults));
  plan.jobs = 1;
  plan.observer.on_start = [&](const std::string&) {
    if (during_.empty()) before_all_ = asked.Take();
  };
  plan.observer.on_done = [&](const CaseResult& result, std::size_t) {
    during_[result.id] = asked.Take();
    if (result.verdict == Verdict::kSkip) skipped_.insert(result.id);
    if (IsCatch(result)) failed_.insert(result.id);
  };
  const RunResult run = RunCases(plan);
  VU_CHECK(run.trouble.empty(), "the mock cannot be probed");
}

bool FaultBaseline::MayNotice(const std::string& id, Fault fault) const {
  const auto index = static_cast<std::size_t>(fault);
  return before_all_.test(index) || during_.at(id).test(index);
}

}  // namespace vuspec
