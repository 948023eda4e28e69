#include "harness/suite/toy_cases.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <utility>

#include "harness/peer/scratch_dir.h"
#include "harness/suite/catalog.h"
#include "harness/suite/context.h"
#include "protocol/requirement.h"

namespace vuspec {
namespace {

using protocol::Req;

class ToyTest : public testing::Test {
 public:
  explicit ToyTest(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

int Unwrap(bool ok) {
  // A fatal failure in a function that returns a value: it has to throw.
  [&] { ASSERT_TRUE(ok) << "nothing to unwrap"; }();
  return 1;
}

void GiveUpInHelper() {
  Unwrap(false);
  CurrentCase().SetVerdict(Verdict::kBroken, "went on after a fatal failure");
}

void Fail() {
  CurrentCase().SetExpectedObserved("num=3", "num=0");
  CurrentCase().AttachTranscript("one\ntwo\n");
  CurrentCase().AttachPeerStderr("peer: \x1b[31moops\n");
  EXPECT_EQ(3, 0) << "the base was lost";
}

void SkipClaimed() {
  CurrentCase().SkipCase("CONFIG is not offered", /*claimed=*/true);
  GTEST_SKIP();
}

void Skip() {
  CurrentCase().SkipCase("MQ is not offered", /*claimed=*/false);
  GTEST_SKIP();
}

void SkipSilently() { GTEST_SKIP(); }

void Crash() {
  CurrentCase().SetVerdict(Verdict::kCrash, "peer died: signal 11");
  EXPECT_TRUE(false) << "no answer";
}

void BreakAfterHang() {
  CurrentCase().SetVerdict(Verdict::kBroken, "socket trouble");
  CurrentCase().SetVerdict(Verdict::kHang, "no answer in 2 s");
  CurrentCase().SetVerdict(Verdict::kHang, "still no answer");
}

// A folder, and a process that no longer belongs to anybody.
void LeaveMuchBehindAndDie() {
  new ScratchDir(*ScratchDir::Make());
  if (::fork() == 0) {
    ::setsid();
    ToyHang();
  }
  ::kill(::getpid(), SIGKILL);
}

void Register(const char* suite, const char* name, std::function<void()> body,
              std::vector<Req> cites = {Req::HDR_03},
              std::vector<protocol::Ambiguity> open = {}) {
  testing::RegisterTest(
      suite, name, nullptr, nullptr, __FILE__, __LINE__,
      [body = std::move(body)]() -> ToyTest* { return new ToyTest(body); });
  CaseInfo info;
  info.id = std::string(suite) + "." + name;
  info.cites = std::move(cites);
  info.open = std::move(open);
  info.summary = std::string("the toy that is called ") + name;
  info.file = __FILE__;
  RegisterCase(std::move(info));
}

class ToyPeer final : public Peer {
 public:
  explicit ToyPeer(std::function<PeerHealth()> stop) : stop_(std::move(stop)) {}
  const Manifest& manifest() const override { return manifest_; }
  absl::StatusOr<UniqueFd> Connect(Deadline) override {
    return absl::UnavailableError("a toy has no socket");
  }
  absl::StatusOr<UniqueFd> ConnectBeside(Deadline) override {
    return absl::UnavailableError("a toy has no socket");
  }
  PeerHealth Check() override { return {}; }
  PeerHealth Settle() override { return {}; }
  using Peer::Resources;
  std::optional<ResourceUse> Resources(const ResourceUse&) override {
    return std::nullopt;
  }
  std::optional<std::chrono::nanoseconds> CpuTime() override {
    return std::nullopt;
  }
  std::string StderrTail() override { return ""; }
  void Kill() override {}
  PeerHealth Stop() override { return stop_(); }
  absl::Status Restart() override { return absl::OkStatus(); }

 private:
  Manifest manifest_;
  std::function<PeerHealth()> stop_;
};

}  // namespace

void RegisterToyCases() {
  Register("Toy", "Passes", [] {});
  Register("Toy", "PassesToo", [] {}, {Req::HDR_01});
  Register("Toy", "Fails", Fail, {Req::HDR_03, Req::HDR_01});
  Register("Toy", "GivesUpInAHelper", GiveUpInHelper);
  Register("Toy", "Skips", Skip);
  Register("Toy", "SkipsAClaim", SkipClaimed);
  Register("Toy", "SkipsSilently", SkipSilently);
  Register("Toy", "IsAmbiguous",
           [] { CurrentCase().AmbigCase("answers with zero"); }, {Req::HDR_03},
           {protocol::Ambiguity::kSecondOwner});
  Register("Toy", "SeesACrash", Crash);
  Register("Toy", "SeesAHang", BreakAfterHang);
  Register("Toy", "SeesALeak",
           [] { CurrentCase().SetVerdict(Verdict::kLeak, "14 -> 78 fds"); });
  Register("Toy", "Throws", [] { throw std::runtime_error("our mistake"); });
  Register("Toy", "Dies", [] { ::kill(::getpid(), SIGKILL); });
  Register("Toy", "HangsForEver", ToyHang);
  Register("Other", "LeavesMuchBehindAndDies", LeaveMuchBehindAndDie);
  Register("Other", "TellsItsSeed", [] {
    CurrentCase().AmbigCase(std::to_string(CurrentCase().Seed()));
  });
  Register("Other", "Interrupts", [] { ::kill(::getppid(), SIGINT); });
  Register("Other", "TerminatesTheRunner", [] {
    ::kill(::getppid(), SIGTERM);
    ToyHang();
  });
}

std::unique_ptr<Peer> MakeToyPeer(std::function<PeerHealth()> stop) {
  return std::make_unique<ToyPeer>(std::move(stop));
}

void ToyHang() {
  for (;;) ::pause();
}

}  // namespace vuspec
