// Notes in which states of the session model messages are sent.
//
// Contract: an observer of one connection; hands everything on to another. The
// model is the front-end's or, for a connection that has none, one of its own
// that takes every request it allows for carried out. Counts whole messages of
// the right shape only: bytes that were sent as bytes are not seen.
#ifndef VUSPEC_HARNESS_SESSION_MODEL_WATCH_H_
#define VUSPEC_HARNESS_SESSION_MODEL_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "harness/transport/connection.h"
#include "protocol/model_coverage.h"
#include "protocol/session_model.h"

namespace vuspec {

class ModelWatch final : public WireObserver {
 public:
  // `next` is borrowed. Without Follow nothing is counted.
  explicit ModelWatch(WireObserver& next) : next_(next) {}
  // With a model of its own, of a peer with these limits.
  ModelWatch(WireObserver& next, const protocol::DeviceLimits& limits)
      : next_(next), own_(limits), model_(&*own_) {}
  ModelWatch(ModelWatch&&) = delete;

  // `model` is borrowed: it lives until the last message and the last question.
  void Follow(const protocol::SessionModel& model) { model_ = &model; }

  void OnSent(const protocol::Header& header,
              std::span<const std::byte> payload,
              std::size_t fd_count) override;
  void OnReceived(const protocol::Header& header,
                  std::span<const std::byte> payload,
                  std::size_t fd_count) override {
    next_.OnReceived(header, payload, fd_count);
  }

  const protocol::ModelCoverage& coverage() {
    EndStep();
    return coverage_;
  }

 private:
  struct Begun {
    protocol::Stage before = protocol::Stage::kUnowned;
    std::uint32_t request = 0;
    std::optional<std::uint32_t> ring;
  };

  // What a message led to is known when the next one is sent.
  void EndStep();

  WireObserver& next_;
  std::optional<protocol::SessionModel> own_;
  const protocol::SessionModel* model_ = nullptr;
  std::optional<Begun> begun_;
  protocol::ModelCoverage coverage_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SESSION_MODEL_WATCH_H_
