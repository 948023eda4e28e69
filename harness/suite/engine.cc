#include "harness/suite/engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "harness/suite/context.h"

namespace vuspec {
namespace {

using Clock = std::chrono::steady_clock;

// GoogleTest would otherwise run a slice of our one test, or none of it.
constexpr const char* kShardVariables[] = {
    "GTEST_TOTAL_SHARDS",      "GTEST_SHARD_INDEX", "GTEST_SHARD_STATUS_FILE",
    "TEST_TOTAL_SHARDS",       "TEST_SHARD_INDEX",  "TEST_SHARD_STATUS_FILE",
    "TEST_PREMATURE_EXIT_FILE"};

std::string Location(const testing::TestPartResult& part) {
  if (part.file_name() == nullptr) return "somewhere";
  return std::string(part.file_name()) + ":" +
         std::to_string(part.line_number());
}

}  // namespace

class CaseListener final : public testing::EmptyTestEventListener {
 public:
  // The result of the test that ran last, if one did.
  std::optional<CaseResult> Take() { return std::exchange(result_, {}); }
  // What failed outside of any test, such as in SetUpTestSuite.
  std::string TakeOutside() { return std::exchange(outside_, {}); }

 private:
  void OnTestStart(const testing::TestInfo& info) override {
    recorder_.emplace(std::string(info.test_suite_name()) + "." + info.name());
    scope_.emplace(*recorder_);
    start_ = Clock::now();
  }

  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (!recorder_.has_value()) {
      if (part.failed()) outside_ = Location(part) + ": " + part.message();
      return;
    }
    if (part.skipped()) {
      recorder_->AddSkip(part.message());
      return;
    }
    if (!part.failed()) return;
    // Only what GoogleTest itself reports has no location: an exception that
    // left the case, which is our mistake and not the peer's.
    if (part.file_name() == nullptr) {
      recorder_->SetVerdict(Verdict::kBroken, part.message());
    }
    recorder_->AddFailure(Location(part), part.message());
    // Inside a handler or an unwinding a second exception would end us.
    if (part.fatally_failed() && std::current_exception() == nullptr &&
        std::uncaught_exceptions() == 0) {
      throw testing::AssertionException(part);
    }
  }

  void OnTestEnd(const testing::TestInfo&) override {
    const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(
        Clock::now() - start_);
    scope_.reset();
    result_ = recorder_->Finish(duration);
    recorder_.reset();
  }

  std::optional<CaseRecorder> recorder_;
  std::optional<ScopedCase> scope_;
  std::optional<CaseResult> result_;
  std::string outside_;
  Clock::time_point start_;
};

Engine::Engine() : listener_(new CaseListener()) {
  for (const char* variable : kShardVariables) ::unsetenv(variable);
  testing::InitGoogleTest();
  testing::TestEventListeners& listeners =
      testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  delete listeners.Release(listeners.default_xml_generator());
  listeners.Append(listener_);
  GTEST_FLAG_SET(also_run_disabled_tests, false);
  GTEST_FLAG_SET(break_on_failure, false);
  GTEST_FLAG_SET(catch_exceptions, true);
  GTEST_FLAG_SET(fail_fast, false);
  GTEST_FLAG_SET(list_tests, false);
  GTEST_FLAG_SET(repeat, 1);
  GTEST_FLAG_SET(shuffle, false);
  GTEST_FLAG_SET(throw_on_failure, false);
}

Engine::~Engine() {
  delete testing::UnitTest::GetInstance()->listeners().Release(listener_);
}

CaseResult Engine::Run(const std::string& id) {
  GTEST_FLAG_SET(filter, id);
  // The verdict is in the listener's hands.
  [[maybe_unused]] const int ignored = RUN_ALL_TESTS();
  const std::string outside = listener_->TakeOutside();
  std::optional<CaseResult> result = listener_->Take();
  if (result.has_value() && outside.empty()) return *std::move(result);
  CaseRecorder recorder(id);
  recorder.SetVerdict(Verdict::kBroken,
                      outside.empty() ? "there is no such test" : outside);
  return recorder.Finish(std::chrono::microseconds{0});
}

}  // namespace vuspec
