#include "harness/suite/context.h"

#include <algorithm>
#include <utility>

#include "harness/suite/catalog.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

RunContext* current_run = nullptr;
CaseRecorder* current_case = nullptr;

// How many round trips of silence make a peer idle.
constexpr int kQuietRoundTrips = 50;
constexpr std::chrono::milliseconds kLeastQuiet{20};

int Gravity(Verdict verdict) {
  switch (verdict) {
    case Verdict::kCrash:
      return 4;
    case Verdict::kHang:
      return 3;
    case Verdict::kLeak:
      return 2;
    case Verdict::kBroken:
      return 1;
    default:
      return 0;
  }
}

// FNV-1a over the name, mixed with the seed (splitmix64's finalizer).
std::uint64_t Mix(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  hash ^= seed * 0x9e3779b97f4a7c15u;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return hash ^ (hash >> 31);
}

// A reason is one line: GoogleTest's several, with their indentation gone.
std::string OneLine(std::string_view text) {
  std::string line;
  bool start = true;
  for (const char c : text) {
    if (c == '\n') {
      start = true;
    } else if (!start || c != ' ') {
      if (start && !line.empty()) line += line.back() == ':' ? " " : ", ";
      start = false;
      line += c;
    }
  }
  return line;
}

std::string WhatIsOpen(const CaseInfo& info) {
  std::string text;
  for (const protocol::Ambiguity ambiguity : info.open) {
    if (!text.empty()) text += " ";
    text += protocol::Describe(ambiguity).id;
  }
  return text;
}

}  // namespace

RunContext::RunContext(Peer& peer, RunSettings settings, ProbeResult probe)
    : peer_(peer), settings_(std::move(settings)), probe_(probe) {}

std::chrono::milliseconds RunContext::quiet_budget() const {
  const auto wished = std::chrono::ceil<std::chrono::milliseconds>(
      probe_.round_trip * kQuietRoundTrips);
  return std::min(std::max(wished, kLeastQuiet), settings_.deadline);
}

RunContext& CurrentRun() {
  VU_CHECK(current_run != nullptr, "CurrentRun() outside of a run");
  return *current_run;
}

ScopedRun::ScopedRun(RunContext& context)
    : previous_(std::exchange(current_run, &context)) {}
ScopedRun::~ScopedRun() { current_run = previous_; }

std::uint64_t CaseRecorder::Seed() const {
  return Mix(CurrentRun().seed(), id_);
}

void CaseRecorder::SkipCase(std::string reason, bool claimed) {
  skipped_ = true;
  result_.claimed = claimed;
  if (!Failed()) result_.reason = std::move(reason);
}

void CaseRecorder::AmbigCase(std::string observed) {
  ambiguous_ = true;
  result_.observed = std::move(observed);
}

void CaseRecorder::SetExpectedObserved(std::string expected,
                                       std::string observed) {
  result_.expected = std::move(expected);
  result_.observed = std::move(observed);
}

void CaseRecorder::SetVerdict(Verdict verdict, std::string reason) {
  VU_CHECK(Gravity(verdict) > 0, "a verdict that assertions give");
  if (Gravity(verdict) <= Gravity(verdict_)) return;
  verdict_ = verdict;
  result_.reason = std::move(reason);
}

void CaseRecorder::AttachTranscript(std::string_view text) {
  result_.transcript.append(text);
}

void CaseRecorder::AttachPeerStderr(std::string text) {
  result_.peer_stderr = std::move(text);
}

void CaseRecorder::AddFailure(std::string_view location,
                              std::string_view message) {
  if (excused_) {
    if (!ambiguous_) AmbigCase(OneLine(message));
  } else {
    if (!Failed()) result_.reason = OneLine(message);
    failed_ = true;
  }
  result_.details.append(location).append(": ").append(message).append("\n");
}

void CaseRecorder::AddSkip(std::string_view message) {
  skipped_ = true;
  if (!Failed() && result_.reason.empty()) result_.reason = message;
}

bool CaseRecorder::Failed() const {
  return failed_ || verdict_ != Verdict::kPass;
}

CaseResult CaseRecorder::Finish(std::chrono::microseconds duration) {
  result_.id = id_;
  result_.duration = duration;
  if (verdict_ != Verdict::kPass) {
    result_.verdict = verdict_;
  } else if (failed_) {
    result_.verdict = Verdict::kFail;
  } else if (skipped_) {
    result_.verdict = Verdict::kSkip;
  } else {
    result_.verdict = ambiguous_ ? Verdict::kAmbig : Verdict::kPass;
  }
  if (result_.verdict == Verdict::kPass || result_.verdict == Verdict::kSkip) {
    result_.transcript.clear();
    result_.peer_stderr.clear();
    result_.details.clear();
  }
  if (result_.verdict == Verdict::kPass) result_.reason.clear();
  result_.claimed = result_.claimed && result_.verdict == Verdict::kSkip;
  // A skip without a reason hides a test from everybody.
  if (result_.verdict == Verdict::kSkip && result_.reason.empty()) {
    result_.verdict = Verdict::kBroken;
    result_.reason = "the case skipped without a reason";
  }
  if (const CaseInfo* info = FindCase(id_)) {
    result_.level = info->level();
    result_.requirements = info->cites;
    if (result_.verdict == Verdict::kAmbig) result_.reason = WhatIsOpen(*info);
  }
  return std::move(result_);
}

CaseRecorder& CurrentCase() {
  VU_CHECK(current_case != nullptr, "CurrentCase() outside of a case");
  return *current_case;
}
bool InsideCase() { return current_case != nullptr; }

ScopedCase::ScopedCase(CaseRecorder& recorder)
    : previous_(std::exchange(current_case, &recorder)) {}
ScopedCase::~ScopedCase() { current_case = previous_; }

}  // namespace vuspec
